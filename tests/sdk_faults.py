"""Faults between the SDK and the service: requests are throttled, refused, or their answers are lost."""

import io
import json
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError
from moto.core.models import botocore_stubber


class Fault(StrEnum):
    """What happens to a request."""

    THROTTLED = "throttled"
    SERVER_ERROR = "server error"
    NO_ANSWER = "no answer, and nothing was done"
    ANSWER_LOST = "done, and the answer is lost"
    ENTRY_REFUSED = "a success whose entry failed"  # EventBridge's way


TRANSIENT = tuple(fault for fault in Fault if fault is not Fault.ENTRY_REFUSED)
# Service, status and code of "too many requests".
THROTTLING = {
    "s3": (503, "SlowDown"),
    "sqs": (403, "RequestThrottled"),
    "stepfunctions": (400, "ThrottlingException"),
    "events": (400, "ThrottlingException"),
}
REFUSED = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "again"}]}


class Wire:
    """A service's requests in order; faults strike at requests by their number, the first is 0."""

    def __init__(self, client: Any) -> None:
        self.operations: list[str] = []
        self._service = client.meta.service_model.service_name
        self._faults: dict[int, Fault] = {}
        self.attach(client)

    def attach(self, client: Any) -> None:
        """Count another client's requests, too."""
        # Every handler is called, whatever the first answers: moto must be reached through ours alone.
        client.meta.events.unregister("before-send", botocore_stubber)
        client.meta.events.register("before-send", self._send)

    def strike(self, faults: dict[int, Fault]) -> None:
        """Begin to count anew."""
        self.operations, self._faults = [], faults

    def _send(self, request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse | None:
        fault = self._faults.get(len(self.operations))
        self.operations.append(event_name.rpartition(".")[2])
        if fault is None:
            return botocore_stubber(event_name, request)
        if fault is Fault.ANSWER_LOST:
            botocore_stubber(event_name, request)
        if fault in (Fault.ANSWER_LOST, Fault.NO_ANSWER):
            raise ReadTimeoutError(endpoint_url=request.url)
        if fault is Fault.ENTRY_REFUSED:
            return AWSResponse(request.url, 200, HTTPHeaders(), _Raw(json.dumps(REFUSED).encode()))
        throttled = fault is Fault.THROTTLED
        return self._refusal(request, *(THROTTLING[self._service] if throttled else (500, "InternalError")))

    def _refusal(self, request: AWSPreparedRequest, status: int, code: str) -> AWSResponse:
        is_xml = self._service == "s3"
        body = f"<Error><Code>{code}</Code></Error>" if is_xml else json.dumps({"__type": code})
        return AWSResponse(request.url, status, HTTPHeaders(), _Raw(body.encode()))


class _Raw(io.BytesIO):
    """A response's body as urllib3 hands it out."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def answering(client: Any, *answers: Fault | tuple[int, str]) -> None:
    """Let a client's next requests meet faults, or answers by status and error code; no service is needed."""
    left = list(answers)

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        answer = left.pop(0)
        if isinstance(answer, Fault):
            raise ReadTimeoutError(endpoint_url=request.url)
        status, code = answer
        body = json.dumps({"__type": code} if status >= 400 else {}).encode()
        return AWSResponse(request.url, status, HTTPHeaders(), _Raw(body))

    client.meta.events.unregister("before-send", botocore_stubber)
    client.meta.events.register("before-send", send)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK tries again at once."""

    class Time:
        sleep: Callable[[float], None] = staticmethod(lambda _: None)

    monkeypatch.setattr("botocore.endpoint.time", Time)

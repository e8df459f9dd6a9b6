"""The prediction log: every answered row goes to a queue, and no request waits or fails for it."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

from pydantic_core import to_json

from bikecast import tracing

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

# CloudWatch caps a log event at 256 KB and JSON escaping can double a message: keep each below half.
MAX_MESSAGE_BYTES = 128 * 1024
CAPACITY_REQUESTS = 64
COOL_DOWN_S = 10.0


class PredictionRow(TypedDict):
    """One row of ``monitoring.predictions``; a message is a JSON list of these."""

    use_case: str
    id: str
    request_id: str
    key: str | None
    predicted_for: str | None
    requested_at: str
    model_version: str
    source: str
    prediction: float
    low: float | None
    high: float | None
    outcome: dict[str, Any] | None
    inputs: dict[str, Any]
    latency_ms: float


# Makes the rows of one request; called after the answer, by any thread, maybe more than once.
MakeRows = Callable[[], Sequence[PredictionRow]]


class PredictionLog(Protocol):
    """Where answered rows go."""

    def record(self, rows: MakeRows) -> None:
        """Keep what makes the rows; never raises for a queue that is slow or down."""
        ...


def messages(rows: Sequence[PredictionRow], *, max_bytes: int = MAX_MESSAGE_BYTES) -> Iterator[str]:
    """Pack rows into JSON lists of at most ``max_bytes``; nearly always one."""
    packed: list[bytes] = []
    size = len(b"[]")
    for row in rows:
        text = to_json(row)
        if packed and size + len(text) + len(b",") > max_bytes:
            yield _list(packed)
            packed, size = [], len(b"[]")
        packed.append(text)
        size += len(text) + len(b",")
    if packed:
        yield _list(packed)


def _list(packed: list[bytes]) -> str:
    return f"[{b','.join(packed).decode()}]"


@dataclass(frozen=True)
class _Parcel:
    rows: MakeRows
    traceparent: str | None
    done: threading.Event = field(default_factory=threading.Event)


class QueueLog:
    """Sends by a thread of its own, and not before the answer is ready to leave.

    A thread that signs, packs and sends would take the interpreter from the request that it logs: what is
    recorded waits for ``send``. What the queue does not take is handed to ``on_unsent``, and for a while
    after a failure it is not even asked. The rows carry ids: arriving twice does no harm.

    Args:
        client: An SQS client with short timeouts of its own.
        queue_url: The capture queue.
        on_unsent: Gets the body of each message that was not sent, its ``traceparent``, and why; called by
            any thread.
        wait_s: The longest that ``send`` waits for the acknowledgement; more than 0 only where the
            process is frozen between requests. What is not acknowledged by then is handed over as well.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        client: "SQSClient",
        queue_url: str,
        *,
        on_unsent: Callable[[str, str | None, str], None],
        wait_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._queue_url = client, queue_url
        self.wait_s, self._on_unsent, self._clock = wait_s, on_unsent, clock
        self._recorded: deque[_Parcel] = deque()
        self._parcels: SimpleQueue[_Parcel] = SimpleQueue()
        self._last: _Parcel | None = None
        self._start = threading.Lock()
        self._worker: threading.Thread | None = None
        self._distrusted_until_s = -math.inf

    def record(self, rows: MakeRows) -> None:
        """Keep the rows until ``send``."""
        self._recorded.append(_Parcel(rows, tracing.traceparent()))

    def send(self) -> None:
        """Send what was recorded, or hand it to ``on_unsent``; call it when the answer is ready to leave.

        Never raises for a queue that is slow or down.
        """
        posted = [parcel for parcel in self._take() if self._post(parcel)]
        if self.wait_s:
            self._settle(posted)

    def drain(self, *, timeout_s: float) -> bool:
        """Wait until what was sent is acknowledged or handed over; tell whether it is."""
        last = self._last
        return last is None or last.done.wait(timeout_s)

    def _take(self) -> Iterator[_Parcel]:
        while self._recorded:
            yield self._recorded.popleft()

    def _post(self, parcel: _Parcel) -> bool:
        if self._clock() < self._distrusted_until_s:
            self._hand_over(parcel, "the queue failed a moment ago")
            return False
        if self._parcels.qsize() >= CAPACITY_REQUESTS:
            self._hand_over(parcel, f"{CAPACITY_REQUESTS} requests are already waiting")
            return False
        self._ensure_worker()
        self._parcels.put(parcel)
        self._last = parcel
        return True

    def _settle(self, parcels: Sequence[_Parcel]) -> None:
        deadline_s = self._clock() + self.wait_s
        for parcel in parcels:
            if not parcel.done.wait(max(deadline_s - self._clock(), 0.0)):
                self._distrust()
                self._hand_over(parcel, "the queue did not acknowledge in time")

    def _hand_over(self, parcel: _Parcel, reason: str) -> None:
        for body in messages(parcel.rows()):
            self._on_unsent(body, parcel.traceparent, reason)

    def _distrust(self) -> None:
        self._distrusted_until_s = self._clock() + COOL_DOWN_S

    def _ensure_worker(self) -> None:
        with self._start:
            if self._worker is None or not self._worker.is_alive():
                self._worker = threading.Thread(target=self._work, name="prediction-log", daemon=True)
                self._worker.start()

    def _work(self) -> None:
        while True:
            parcel = self._parcels.get()
            try:
                for body in messages(parcel.rows()):
                    self._deliver(body, parcel.traceparent)
            finally:
                parcel.done.set()

    def _deliver(self, body: str, parent: str | None) -> None:
        try:
            with tracing.span("send predictions", kind="producer", parent=parent):
                attributes = tracing.message_attributes(tracing.traceparent())
                self._client.send_message(QueueUrl=self._queue_url, MessageBody=body, **attributes)
        except Exception as err:  # noqa: BLE001 - the worker must live; the rows are handed over
            self._distrust()
            self._on_unsent(body, parent, f"{type(err).__name__}: {err}")


class NoLog:
    """Keeps nothing; for benchmarks and tests."""

    def record(self, rows: MakeRows) -> None:
        """Drop the rows."""

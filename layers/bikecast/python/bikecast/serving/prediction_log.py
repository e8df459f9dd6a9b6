"""The prediction log: every answered row goes to a queue, and no request waits or fails for it."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from queue import Full, Queue
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

from pydantic_core import to_json

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

MAX_MESSAGE_BYTES = 256 * 1024
CAPACITY_MESSAGES = 64
COOL_DOWN_S = 10.0


class PredictionRow(TypedDict):
    """One row of ``monitoring.predictions``; a message is a JSON list of these."""

    id: str
    request_id: str
    predicted_for: str | None
    requested_at: str
    model_version: str
    source: str
    prediction: float
    low: float
    high: float
    inputs: dict[str, Any]
    latency_ms: float


class PredictionLog(Protocol):
    """Where answered rows go."""

    def record(self, rows: Sequence[PredictionRow]) -> None:
        """Keep the rows; never raises for a queue that is slow or down."""
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


@dataclass
class _Parcel:
    body: str
    done: threading.Event = field(default_factory=threading.Event)
    failure: str | None = None


class QueueLog:
    """Sends by a thread of its own; a request waits for it a moment, and not at all while the queue is down.

    A function may be frozen as soon as it has answered, so a message that was not acknowledged in
    time is handed to ``on_unsent`` as well. The rows carry ids: arriving twice does no harm.

    Args:
        client: An SQS client with short timeouts of its own.
        queue_url: The capture queue.
        wait_s: The longest that ``record`` waits for the acknowledgement.
        on_unsent: Gets the body of each message that was not sent in time, and why; called by the
            thread that called ``record``.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        client: "SQSClient",
        queue_url: str,
        *,
        wait_s: float,
        on_unsent: Callable[[str, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._queue_url = client, queue_url
        self._wait_s, self._on_unsent, self._clock = wait_s, on_unsent, clock
        self._parcels: Queue[_Parcel] = Queue(maxsize=CAPACITY_MESSAGES)
        self._start = threading.Lock()
        self._worker: threading.Thread | None = None
        self._distrusted_until_s = -math.inf

    def record(self, rows: Sequence[PredictionRow]) -> None:
        """Send the rows, or hand them to ``on_unsent``; never raises for a queue that is slow or down."""
        self._ensure_worker()
        parcels = [_Parcel(body) for body in messages(rows)]
        for parcel in parcels:
            self._post(parcel)
        now_s = self._clock()
        deadline_s = now_s + (self._wait_s if now_s >= self._distrusted_until_s else 0.0)
        for parcel in parcels:
            self._settle(parcel, deadline_s)

    def _post(self, parcel: _Parcel) -> None:
        try:
            self._parcels.put_nowait(parcel)
        except Full:
            parcel.failure = f"{CAPACITY_MESSAGES} messages are already waiting"
            parcel.done.set()

    def _settle(self, parcel: _Parcel, deadline_s: float) -> None:
        acknowledged = parcel.done.wait(max(deadline_s - self._clock(), 0.0))
        failure = parcel.failure if acknowledged else "the queue did not acknowledge in time"
        if failure is not None:
            self._distrusted_until_s = self._clock() + COOL_DOWN_S
            self._on_unsent(parcel.body, failure)

    def _ensure_worker(self) -> None:
        with self._start:
            if self._worker is None or not self._worker.is_alive():
                self._worker = threading.Thread(target=self._work, name="prediction-log", daemon=True)
                self._worker.start()

    def _work(self) -> None:
        while True:
            parcel = self._parcels.get()
            try:
                self._client.send_message(QueueUrl=self._queue_url, MessageBody=parcel.body)
            except Exception as err:  # noqa: BLE001 - the worker must live; the sender is told
                parcel.failure = f"{type(err).__name__}: {err}"
            parcel.done.set()


class NoLog:
    """Keeps nothing; for benchmarks and tests."""

    def record(self, rows: Sequence[PredictionRow]) -> None:
        """Drop the rows."""

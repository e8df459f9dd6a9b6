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


class QueueLog:
    """Sends by a thread of its own, after the request was answered.

    What the queue does not take is handed to ``on_unsent``, and for a while after a failure it is not
    even asked. The rows carry ids: arriving twice does no harm.

    Args:
        client: An SQS client with short timeouts of its own.
        queue_url: The capture queue.
        on_unsent: Gets the body of each message that was not sent, and why; called by any thread.
        wait_s: The longest that ``record`` waits for the acknowledgement; more than 0 only where the
            process is frozen between requests. What is not acknowledged by then is handed over as well.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        client: "SQSClient",
        queue_url: str,
        *,
        on_unsent: Callable[[str, str], None],
        wait_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._queue_url = client, queue_url
        self.wait_s, self._on_unsent, self._clock = wait_s, on_unsent, clock
        self._parcels: Queue[_Parcel] = Queue(maxsize=CAPACITY_MESSAGES)
        self._last: _Parcel | None = None
        self._start = threading.Lock()
        self._worker: threading.Thread | None = None
        self._distrusted_until_s = -math.inf

    def record(self, rows: Sequence[PredictionRow]) -> None:
        """Send the rows, or hand them to ``on_unsent``; never raises for a queue that is slow or down."""
        self._ensure_worker()
        posted = [parcel for parcel in map(_Parcel, messages(rows)) if self._post(parcel)]
        if self.wait_s:
            self._settle(posted)

    def drain(self, *, timeout_s: float) -> bool:
        """Wait until what was recorded is sent or handed over; tell whether it is."""
        last = self._last
        return last is None or last.done.wait(timeout_s)

    def _post(self, parcel: _Parcel) -> bool:
        if self._clock() < self._distrusted_until_s:
            self._on_unsent(parcel.body, "the queue failed a moment ago")
            return False
        try:
            self._parcels.put_nowait(parcel)
        except Full:
            self._on_unsent(parcel.body, f"{CAPACITY_MESSAGES} messages are already waiting")
            return False
        self._last = parcel
        return True

    def _settle(self, parcels: Sequence[_Parcel]) -> None:
        deadline_s = self._clock() + self.wait_s
        for parcel in parcels:
            if not parcel.done.wait(max(deadline_s - self._clock(), 0.0)):
                self._distrust()
                self._on_unsent(parcel.body, "the queue did not acknowledge in time")

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
                self._client.send_message(QueueUrl=self._queue_url, MessageBody=parcel.body)
            except Exception as err:  # noqa: BLE001 - the worker must live; the rows are handed over
                self._distrust()
                self._on_unsent(parcel.body, f"{type(err).__name__}: {err}")
            parcel.done.set()


class NoLog:
    """Keeps nothing; for benchmarks and tests."""

    def record(self, rows: Sequence[PredictionRow]) -> None:
        """Drop the rows."""

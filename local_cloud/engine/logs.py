"""The output of a container: kept in order, bounded, and streamed in Docker's frames."""

import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

STDOUT, STDERR = 1, 2
# The newest lines of a container; older ones have long been read by whoever follows the log.
_KEPT_LINES = 20_000


@dataclass(frozen=True)
class Line:
    """One line with its position, stream and Unix time."""

    number: int
    stream: int
    time_s: float
    data: bytes

    def frame(self, *, timestamps: bool) -> bytes:
        """Return the line in Docker's multiplexed format: stream, length, bytes."""
        stamp = f"{datetime.fromtimestamp(self.time_s, UTC).isoformat()} ".encode() if timestamps else b""
        data = stamp + self.data
        return struct.pack(">BxxxL", self.stream, len(data)) + data


class Log:
    """Lines of one container; many may follow it at once."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque(maxlen=_KEPT_LINES)
        self._changed = threading.Condition()
        self._count = 0

    def append(self, stream: int, data: bytes) -> None:
        """Add one line."""
        with self._changed:
            self._lines.append(Line(self._count, stream, time.time(), data))
            self._count += 1
            self._changed.notify_all()

    def wake(self) -> None:
        """Let followers look again, because the container's state has changed."""
        with self._changed:
            self._changed.notify_all()

    def lines(self, *, since_s: float = 0.0, tail: int | None = None) -> list[Line]:
        """Return the lines written since a Unix time, the last ``tail`` of them."""
        with self._changed:
            kept = [line for line in self._lines if line.time_s >= since_s]
        return kept if tail is None else kept[len(kept) - min(tail, len(kept)) :]

    def follow(self, *, since_s: float = 0.0, ended: Callable[[], bool]) -> Iterator[Line]:
        """Yield lines as they come until the container has ended and all were given."""
        given, over = 0, False
        while not over:
            new, over = self._after(given, ended)
            given = new[-1].number + 1 if new else given
            yield from (line for line in new if line.time_s >= since_s)

    def _after(self, given: int, ended: Callable[[], bool]) -> tuple[list[Line], bool]:
        """Wait for lines beyond the first ``given``; return them and whether they are the last."""
        with self._changed:
            self._changed.wait_for(lambda: self._count > given or ended())
            return [line for line in self._lines if line.number >= given], ended()

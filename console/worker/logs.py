"""Lines of a step on their way to the log group where the console looks for them."""

import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef

logger = logging.getLogger(__name__)

EVENTS_AT_ONCE = 1_000
# CloudWatch takes 1 MiB at once and adds 26 bytes to each event.
BYTES_AT_ONCE = 900_000
BYTES_EACH = 26
LONGEST_LINE = 200_000
# A step that outruns its log for hours keeps its newest lines.
KEPT_LINES = 100_000


class StepLog:
    """The log stream of one step; lines that cannot be sent now are sent later.

    Args:
        client: A boto3 CloudWatch Logs client.
        group: The job's log group.
        stream: Name of the stream.
    """

    def __init__(self, client: "CloudWatchLogsClient", *, group: str, stream: str) -> None:
        self._client, self._group, self._stream = client, group, stream
        self._lines: deque[tuple[int, str]] = deque(maxlen=KEPT_LINES)
        self._lock = threading.Lock()
        self._is_created = False
        self.last_line = ""

    def add(self, line: str) -> None:
        """Take a line."""
        text = line.rstrip()[:LONGEST_LINE]
        if not text:
            return  # CloudWatch refuses empty events
        self.last_line = text
        with self._lock:
            self._lines.append((int(time.time() * 1000), text))

    def send(self) -> bool:
        """Send what there is; return whether nothing is left."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            while batch := self._batch():
                self._put(batch)
                self._forget(len(batch))
        except (BotoCoreError, ClientError) as err:
            logger.warning("%d lines of %s wait: %s", len(self._lines), self._stream, err)
        return not self._lines

    def _batch(self) -> "list[InputLogEventTypeDef]":
        batch: list[InputLogEventTypeDef] = []
        size = 0
        with self._lock:
            for at, text in self._lines:
                size += len(text.encode()) + BYTES_EACH
                if batch and (size > BYTES_AT_ONCE or len(batch) == EVENTS_AT_ONCE):
                    break
                batch.append({"timestamp": at, "message": text})
        return batch

    def _put(self, batch: "list[InputLogEventTypeDef]") -> None:
        if not self._is_created:
            self._client.create_log_stream(logGroupName=self._group, logStreamName=self._stream)
            self._is_created = True
        self._client.put_log_events(logGroupName=self._group, logStreamName=self._stream, logEvents=batch)

    def _forget(self, count: int) -> None:
        with self._lock:
            for _ in range(min(count, len(self._lines))):
                self._lines.popleft()

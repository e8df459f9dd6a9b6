"""Predictions that the queue did not take: found again in the predictor's log, sent again."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bikecast.tracing import TRACEPARENT

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient

MESSAGE = "predictions not queued"
FIELD = "unsent_predictions"


@dataclass(frozen=True)
class UnsentMessage:
    """A queue message that was logged: its body, and the ``traceparent`` of its request if there is one."""

    body: str
    traceparent: str | None


def unsent_messages(
    client: "CloudWatchLogsClient", log_group: str, *, since: dt.datetime
) -> Iterator[UnsentMessage]:
    """Yield the queue messages that the predictor wrote to its log instead.

    Rows carry ids and are stored by them, so sending one again that arrived after all does no harm.

    Args:
        client: A CloudWatch Logs client.
        log_group: The predictor's.
        since: Aware start of the search.
    """
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName=log_group, startTime=int(since.timestamp() * 1000), filterPattern=f'"{MESSAGE}"'
    )
    for page in pages:
        for event in page["events"]:
            message = _parse(event.get("message", ""))
            if message is not None:
                yield message


def _parse(line: str) -> UnsentMessage | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None  # a line of the runtime's
    found = record.get(FIELD) if isinstance(record, dict) else None
    return UnsentMessage(found, record.get(TRACEPARENT)) if isinstance(found, str) else None

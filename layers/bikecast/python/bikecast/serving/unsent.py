"""Predictions that the queue did not take: found again in the predictor's log, sent again."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient

MESSAGE = "predictions not queued"
FIELD = "unsent_predictions"


def unsent_messages(client: "CloudWatchLogsClient", log_group: str, *, since: dt.datetime) -> Iterator[str]:
    """Yield the bodies of queue messages that the predictor wrote to its log instead.

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
            body = _body(event.get("message", ""))
            if body is not None:
                yield body


def _body(line: str) -> str | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None  # a line of the runtime's
    found = record.get(FIELD) if isinstance(record, dict) else None
    return found if isinstance(found, str) else None

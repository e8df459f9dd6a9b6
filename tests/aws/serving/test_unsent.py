"""What the queue did not take is found in the log, and nothing else is."""

import datetime as dt
import json
import time

import boto3
from mypy_boto3_logs.type_defs import InputLogEventTypeDef

from bikecast.serving.log.unsent import FIELD, MESSAGE, unsent_messages
from bikecast.tracing import TRACEPARENT

GROUP = "/aws/predict"


def test_unsent_rows_are_found_among_other_lines() -> None:
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    lines = [
        "START RequestId: 1",
        json.dumps({"message": "predicted"}),
        json.dumps({"message": MESSAGE, "reason": "down", FIELD: '[{"id": "r-0"}]'}),
        f"not json, yet {MESSAGE}",
        json.dumps(
            {"message": MESSAGE, "reason": "down", FIELD: '[{"id": "r-1"}]', TRACEPARENT: "00-1-2-01"}
        ),
    ]
    now_ms = int(time.time() * 1000)
    events: list[InputLogEventTypeDef] = [
        {"timestamp": now_ms + index, "message": line} for index, line in enumerate(lines)
    ]
    logs.put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=events)
    hour_ago = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    found = list(unsent_messages(logs, GROUP, since=hour_ago))
    assert [json.loads(message.body)[0]["id"] for message in found] == ["r-0", "r-1"]
    assert [message.traceparent for message in found] == [None, "00-1-2-01"]
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    assert list(unsent_messages(logs, GROUP, since=tomorrow)) == []

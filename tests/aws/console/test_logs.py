"""Lines of a role come from all its log groups; one that does not exist yet is empty."""

import datetime as dt

from console.cloud.logs import read_lines
from console.cloud.session import Cloud

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)


def log(cloud: Cloud, group: str, message: str, *, seconds_ago: int) -> None:
    cloud.logs.create_log_group(logGroupName=group)
    cloud.logs.create_log_stream(logGroupName=group, logStreamName="s")
    at = int((NOW - dt.timedelta(seconds=seconds_ago)).timestamp() * 1000)
    event = {"timestamp": at, "message": message}
    cloud.logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[event])  # type: ignore[list-item]  # a plain dict


def test_lines_of_several_groups_are_read_in_order(cloud: Cloud) -> None:
    log(cloud, "/aws/lambda/predict", "second", seconds_ago=5)
    log(cloud, "predict", "first", seconds_ago=9)
    groups = {"predict": ("predict", "/aws/lambda/predict"), "job": ("not-there-yet",)}
    lines = read_lines(cloud.logs, groups, since=NOW - dt.timedelta(minutes=1))
    assert [(line.role, line.message) for line in lines] == [("predict", "first"), ("predict", "second")]

"""Log lines of functions and tasks, from their CloudWatch log groups."""

import datetime as dt
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bikecast.errors import InputError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

POLL_S = 2.0
# Fields of a record that a person reads elsewhere on the line, or that every record of a group has.
EVERYWHERE = frozenset(
    {
        *("level", "message", "exception", "timestamp", "logger", "location", "service", "code_version"),
        *("cold_start", "function_name", "function_memory_size", "function_arn", "function_request_id"),
    }
)


@dataclass(frozen=True)
class LogLine:
    """One event of one log group; the instant is aware UTC."""

    at: dt.datetime
    role: str
    message: str


def choose_groups(log_groups: dict[str, str], roles: Sequence[str]) -> dict[str, str]:
    """Return the log groups of the roles that were named, or all of them if none was.

    Raises:
        InputError: There is no such role.
    """
    unknown = [role for role in roles if role not in log_groups]
    if unknown:
        raise InputError(f"no log group {', '.join(unknown)}; there are: {', '.join(sorted(log_groups))}")
    return {role: group for role, group in log_groups.items() if not roles or role in roles}


def read_lines(
    client: "CloudWatchLogsClient",
    groups: Mapping[str, Sequence[str]],
    *,
    since: dt.datetime,
    containing: str | None = None,
    phrase: str | None = None,
) -> list[LogLine]:
    """Return the lines since an instant, oldest first; groups that do not exist yet are empty.

    Args:
        client: Of CloudWatch Logs.
        groups: The log groups of each role.
        since: An aware instant.
        containing: Only lines with this text.
        phrase: Only lines with these words, chosen by CloudWatch before they are sent.
    """
    lines: list[LogLine] = []
    for role, group in ((role, group) for role, found in groups.items() for group in found):
        lines += _group_lines(client, group, role=role, since=since, phrase=phrase)
    kept = [line for line in lines if containing is None or containing in line.message]
    return sorted(kept, key=lambda line: line.at)


def _group_lines(
    client: "CloudWatchLogsClient", group: str, *, role: str, since: dt.datetime, phrase: str | None
) -> Iterator[LogLine]:
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName=group,
        startTime=int(since.timestamp() * 1000),
        filterPattern="" if phrase is None else f'"{phrase}"',
    )
    try:
        for page in pages:
            for event in page["events"]:
                at = dt.datetime.fromtimestamp(event["timestamp"] / 1000, dt.UTC)
                yield LogLine(at=at, role=role, message=event["message"].rstrip())
    except client.exceptions.ResourceNotFoundException:
        return


def follow_lines(
    client: "CloudWatchLogsClient",
    groups: Mapping[str, Sequence[str]],
    *,
    since: dt.datetime,
    containing: str | None = None,
) -> Iterator[LogLine]:
    """Yield lines as they come, until interrupted."""
    seen: set[LogLine] = set()
    while True:
        lines = read_lines(client, groups, since=since, containing=containing)
        yield from (line for line in lines if line not in seen)
        seen |= set(lines)
        if lines:
            since = max(since, lines[-1].at - dt.timedelta(seconds=10))
            seen = {line for line in seen if line.at >= since}
        time.sleep(POLL_S)


def readable(message: str) -> str:
    """Return a record of JSON as a sentence with its fields, the trace below; any other line as it is."""
    try:
        record = json.loads(message)
    except ValueError:
        return message
    if not (isinstance(record, dict) and {"level", "message"} <= set(record)):
        return message
    fields = [f"{name}={value}" for name, value in record.items() if name not in EVERYWHERE]
    trace = [f"\n{record['exception']}"] if record.get("exception") else []
    return " ".join([str(record["level"]), str(record["message"]), *fields, *trace])

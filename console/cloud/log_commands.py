"""``logs``: what functions and container steps wrote."""

import datetime as dt
import json
import re
from typing import Annotated

import typer

from bikecast.errors import InputError
from bikecast.names import Output
from console import ui
from console.cloud.localstack import actual_log_groups
from console.cloud.logs import LogLine, choose_groups, follow_lines, read_lines, readable
from console.cloud.outputs import parse_log_groups, read_stack_outputs
from console.cloud.session import find_cloud
from console.options import Json, TargetOption

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def logs(
    roles: Annotated[
        list[str] | None, typer.Argument(help="Whose logs: predict, job, ...; all if absent.")
    ] = None,
    since: Annotated[str, typer.Option(help="How far back: 30s, 10m, 2h or 1d.")] = "15m",
    containing: Annotated[str | None, typer.Option("--filter", help="Only lines with this text.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """Show the log lines of functions and container steps, oldest first; `bikecast outputs` names the roles.

    Example: bikecast logs predict --since 1h --filter ERROR
    """
    cloud = find_cloud(target)
    known = parse_log_groups(read_stack_outputs(cloud.cloudformation).get(Output.LOG_GROUPS) or "")
    groups = actual_log_groups(cloud, choose_groups(known, roles or []))
    start = dt.datetime.now(dt.UTC) - parse_duration(since)
    if follow:
        for line in follow_lines(cloud.logs, groups, since=start, containing=containing):
            _print(line, as_json=as_json)
        return
    for line in read_lines(cloud.logs, groups, since=start, containing=containing):
        _print(line, as_json=as_json)


def parse_duration(text: str) -> dt.timedelta:
    """Read ``30s``, ``10m``, ``2h`` or ``1d``.

    Raises:
        InputError: It is none of these.
    """
    match = re.fullmatch(r"(\d+)([smhd])", text.strip())
    if match is None:
        raise InputError(f"a duration is a number with s, m, h or d, such as 10m, but got {text!r}")
    return dt.timedelta(**{UNITS[match[2]]: int(match[1])})


def _print(line: LogLine, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"at": line.at.isoformat(), "role": line.role, "message": line.message}), flush=True)
        return
    ui.result_console.print(f"{line.at:%H:%M:%S} {line.role:<10} {readable(line.message)}", markup=False)

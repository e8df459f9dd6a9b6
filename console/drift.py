"""Running the monitor over windows of time, and reading its verdicts."""

import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from bikecast.errors import DataError, InputError
from bikecast.names import Output
from console import ui
from console.cloud import Cloud
from console.executions import Execution, follow, require_success, start_execution
from console.outputs import read_stack_outputs

DAYS = {"d": 1, "w": 7}
POLL_S = 0.5


@dataclass(frozen=True)
class Window:
    """Hours that are watched together, New York wall time; ``end`` is excluded."""

    start: dt.datetime
    end: dt.datetime


def parse_every(text: str) -> dt.timedelta:
    """Read a length such as ``1w`` or ``10d``.

    Raises:
        InputError: It is neither.
    """
    match = re.fullmatch(r"([1-9]\d*)([dw])", text.strip())
    if match is None:
        raise InputError(f"--every is a number with d or w, such as 1w, but got {text!r}")
    return dt.timedelta(days=int(match[1]) * DAYS[match[2]])


def windows(first_day: dt.date, last_day: dt.date, *, every: dt.timedelta) -> list[Window]:
    """Cut the days, both included, into whole windows from the first day on; a rest is left out.

    Raises:
        InputError: Not one window fits.
    """
    start = dt.datetime.combine(first_day, dt.time())
    end = dt.datetime.combine(last_day, dt.time()) + dt.timedelta(days=1)
    count = (end - start) // every
    if count < 1:
        raise InputError(f"no window of {every.days} days fits between {first_day} and {last_day}")
    return [Window(start + number * every, start + (number + 1) * every) for number in range(count)]


def watch_windows(
    cloud: Cloud, chosen: list[Window], *, source: str | None = None, at_once: int = 2
) -> list[dict[str, Any]]:
    """Run the monitor over each window and return its verdicts, in order of time.

    Raises:
        ExecutionError: The monitor failed on a window.
    """
    machine = read_stack_outputs(cloud.cloudformation).require(Output.MONITOR_STATE_MACHINE_ARN)
    verdicts: list[dict[str, Any]] = []
    with ui.activity("drift monitor") as current, ThreadPoolExecutor(at_once) as pool:
        current.update(f"0 of {len(chosen)} windows")
        for verdict in pool.map(
            lambda window: _run_monitor(cloud, machine, _payload(window, source)), chosen
        ):
            verdicts.append(verdict)
            current.update(f"{len(verdicts)} of {len(chosen)} windows")
    return verdicts


def watch_latest(cloud: Cloud) -> dict[str, Any]:
    """Return the monitor's verdict on the window it chooses by itself: the last complete week."""
    machine = read_stack_outputs(cloud.cloudformation).require(Output.MONITOR_STATE_MACHINE_ARN)
    with ui.activity("drift monitor"):
        return _run_monitor(cloud, machine, {})


def _payload(window: Window, source: str | None) -> dict[str, Any]:
    bounds = {"window_start": window.start.isoformat(), "window_end": window.end.isoformat()}
    return bounds | ({"source": source} if source else {})


def _run_monitor(cloud: Cloud, machine: str, payload: dict[str, Any]) -> dict[str, Any]:
    arn = start_execution(cloud.stepfunctions, machine, payload=payload, kind="monitor")
    execution = require_success(follow(cloud.stepfunctions, arn, on_change=_ignore, poll_s=POLL_S))
    return verdict_of(execution)


def verdict_of(execution: Execution) -> dict[str, Any]:
    """Return the monitor's verdict from an execution's output, wherever the machine put it.

    Raises:
        DataError: There is none.
    """
    output = execution.output if isinstance(execution.output, dict) else {}
    candidates = [output, *(value for value in output.values() if isinstance(value, dict))]
    verdict = next((candidate for candidate in candidates if "verdict" in candidate), None)
    if verdict is None:
        raise DataError(f"the monitor's execution {execution.name} gave no verdict: {str(output)[:300]}")
    return verdict


def verdict_rows(verdicts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return verdicts as rows of a table."""
    return [_verdict_row(verdict) for verdict in verdicts]


def _verdict_row(verdict: dict[str, Any]) -> dict[str, Any]:
    metrics = verdict.get("metrics") or {}
    drifted = [feature["feature"] for feature in verdict.get("features") or [] if feature.get("drifted")]
    return {
        "from": str(verdict["window_start"])[:10],
        "verdict": verdict["verdict"],
        "RMSE": metrics.get("rmse_score_current"),
        "reference": metrics.get("rmse_score_reference"),
        "prediction drift": metrics.get("prediction_drift"),
        "drifted": ", ".join(drifted) or "-",
        "why": "; ".join(str(reason) for reason in verdict.get("reasons") or []),
    }


def _ignore(_: Execution) -> None:
    return

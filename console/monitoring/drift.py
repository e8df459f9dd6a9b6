"""Running the monitor over windows of time, and reading its verdicts."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain
from typing import Any

from bikecast.errors import DataError, InputError
from bikecast.monitoring.windows import RECENT, Source, Window, windows_between
from bikecast.names import Output
from console import ui
from console.cloud.champions import read_champion
from console.cloud.outputs import read_stack_outputs
from console.cloud.session import Cloud
from console.executions.executions import Execution, follow, require_success, start_execution
from console.executions.following import interrupt_hint
from console.use_cases import declaration
from use_cases.citibike.console.checks import require_windows

POLL_S = 0.5
# Windows of one execution; fewer would load the champion more often, more would show less progress.
WINDOWS_AT_ONCE = 6
# Executions side by side: a laptop has two cores, and drawing pages is what a backfill's time goes to.
EXECUTIONS_AT_ONCE = 2


def windows(first_day: dt.date, last_day: dt.date, *, days: int) -> list[Window]:
    """Cut the days, both included, into whole windows from the first day on; a rest is left out.

    Raises:
        InputError: Not one window fits.
    """
    start, last = (dt.datetime.combine(day, dt.time()) for day in (first_day, last_day))
    cut = list(windows_between(start, last + dt.timedelta(days=1), days=days))
    if not cut:
        raise InputError(f"no window of {days} days fits between {first_day} and {last_day}")
    return cut


@dataclass(frozen=True)
class Watch:
    """How windows are watched: ``source`` and whether what is found has consequences.

    ``source`` is predictions (as served) or processed (scored again), or ``None`` for the monitor's choice.
    ``pages`` are drawn by Evidently, else there are only its numbers. ``retrain_trials`` are those of a
    requested retraining; ``None`` is the request's own default.
    """

    source: str | None = None
    act: bool = True
    pages: bool = True
    retrain_trials: int | None = None

    def payload(self) -> dict[str, Any]:
        """Return this part of the monitor's input."""
        chosen = {"source": self.source, "retrain_trials": self.retrain_trials}
        return {"act": self.act, "html": self.pages} | {
            name: value for name, value in chosen.items() if value is not None
        }


def watch_windows(cloud: Cloud, chosen: list[Window], *, watch: Watch) -> list[dict[str, Any]]:
    """Run the monitor over adjoining windows and return its verdicts, in order of time.

    A verdict does not depend on others, so windows that are not recent are judged side by side.

    Raises:
        InputError: A window lies beyond the data; nothing was started.
        DataError: No data was loaded yet.
        DeploymentError: No model was promoted yet.
        ExecutionError: The monitor failed on a window; what was judged before is stored.
    """
    read_champion(cloud)
    if declaration() is None:
        require_windows(
            cloud, chosen, processed=watch.source == Source.PROCESSED, now=dt.datetime.now(dt.UTC)
        )
    machine = read_stack_outputs(cloud.cloudformation).require(Output.MONITOR_STATE_MACHINE_ARN)
    verdicts: list[dict[str, Any]] = []
    with ui.activity("drift monitor") as current:

        def judged(batch: list[Window]) -> list[dict[str, Any]]:
            return _run_monitor(cloud, machine, payload=_payload(batch, watch), tell=lambda: None)

        old = sum(window.end <= chosen[-1].end - RECENT for window in chosen)
        with ThreadPoolExecutor(EXECUTIONS_AT_ONCE) as side_by_side, _interrupt_hint():
            for found in chain(
                side_by_side.map(judged, _batches(chosen[:old])), map(judged, _batches(chosen[old:]))
            ):
                verdicts += found
                current.update(f"{len(verdicts)} of {len(chosen)} windows")
    return verdicts


def _interrupt_hint() -> AbstractContextManager[None]:
    """Several executions may be under way, so the list of them is named."""
    return interrupt_hint("NAME", shown_by="bikecast runs --kind monitor")


def _batches(chosen: list[Window]) -> list[list[Window]]:
    return [chosen[first : first + WINDOWS_AT_ONCE] for first in range(0, len(chosen), WINDOWS_AT_ONCE)]


def watch_latest(cloud: Cloud, *, watch: Watch) -> list[dict[str, Any]]:
    """Return the monitor's verdict on the window it chooses by itself: the last complete week of the data.

    Raises:
        DeploymentError: No model was promoted yet.
        ExecutionError: The monitor failed.
    """
    read_champion(cloud)
    machine = read_stack_outputs(cloud.cloudformation).require(Output.MONITOR_STATE_MACHINE_ARN)
    with ui.activity("drift monitor") as current, _interrupt_hint():
        return _run_monitor(
            cloud,
            machine,
            payload=watch.payload(),
            tell=lambda: current.update("the newest window"),
        )


def _payload(batch: list[Window], watch: Watch) -> dict[str, Any]:
    return {
        "window_start": batch[0].start.isoformat(),
        "window_end": batch[-1].end.isoformat(),
        "every": f"{batch[0].days}d",
        **watch.payload(),
    }


def _run_monitor(
    cloud: Cloud, machine: str, *, payload: dict[str, Any], tell: Callable[[], None]
) -> list[dict[str, Any]]:
    arn = start_execution(cloud.stepfunctions, machine, payload=payload, kind="monitor")
    execution = follow(cloud.stepfunctions, arn, on_change=lambda _: tell(), poll_s=POLL_S)
    return verdicts_of(require_success(execution))


def verdicts_of(execution: Execution) -> list[dict[str, Any]]:
    """Return the monitor's verdicts from an execution's output; the last one with all its numbers.

    Raises:
        DataError: There is none.
    """
    output = execution.output if isinstance(execution.output, dict) else {}
    if not output.get("windows"):
        raise DataError(f"the monitor's execution {execution.name} gave no verdict: {str(output)[:300]}")
    last = {name: value for name, value in output.items() if name != "windows"}
    *before, brief = output["windows"]
    return [*before, last | brief]


def verdict_rows(verdicts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return verdicts as rows of a table."""
    return [_verdict_row(verdict) for verdict in verdicts]


def without_empty_columns(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what no row has, such as errors where no truth can be known."""
    kept = {name for row in rows for name, value in row.items() if value is not None}
    return [{name: value for name, value in row.items() if name in kept} for row in rows]


def _verdict_row(verdict: dict[str, Any]) -> dict[str, Any]:
    return {
        "from": str(verdict["window_start"])[:10],
        "verdict": verdict["verdict"],
        verdict.get("metric") or "metric": verdict.get("metric_value"),
        "WAPE %": _percent(verdict.get("wape")),
        "bias %": _percent(verdict.get("bias")),
        "prediction drift": verdict.get("prediction_drift"),
        "drifted": ", ".join(verdict.get("drifted") or []) or "-",
        "why": "; ".join(str(reason) for reason in verdict.get("reasons") or []) or "-",
    }


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{100 * share:.1f}"

"""Progress of an execution in the terminal: its state, items done, time taken."""

from collections.abc import Iterator
from contextlib import contextmanager

from console import ui
from console.cloud.session import Cloud
from console.executions.executions import RUNNING, Execution, follow, require_success
from console.executions.histories import StateRun
from console.executions.tuning import TUNE_STATE, TuningProgress


class Watcher:
    """Turns an execution's states into lines of an activity; each finished state leaves one."""

    def __init__(self, activity: ui.Activity, tuning: TuningProgress) -> None:
        self._activity, self._tuning = activity, tuning
        self._shown = 0

    def __call__(self, execution: Execution) -> None:
        for run in execution.states[self._shown :]:
            if run.exited_at is None:
                break
            self._shown += 1
            seconds = (run.exited_at - run.entered_at).total_seconds()
            self._activity.step(f"{run.name:<24} {ui.elapsed(seconds):>6}  {self._details(run)}".rstrip())
        if execution.status == RUNNING and execution.states:
            current = execution.states[-1]
            self._activity.update(f"{current.name} {self._details(current)}".strip())

    def _details(self, run: StateRun) -> str:
        """Say how many items of a map are done, and what came of a search's trials."""
        found = self._tuning.read() if run.name == TUNE_STATE else None
        workers = f"workers {run.progress}" if found and run.progress else run.progress
        return "; ".join(part for part in (found.sentence if found else "", workers) if part)


@contextmanager
def interrupt_hint(name: str, *, shown_by: str) -> Iterator[None]:
    """On Ctrl-C say that what was watched goes on, what shows it and what ends it."""
    try:
        yield
    except KeyboardInterrupt:
        ui.note(f"detached; the execution goes on: `{shown_by}` shows it, `bikecast stop {name}` ends it")
        raise


def watch(cloud: Cloud, arn: str, *, title: str) -> Execution:
    """Follow an execution to its end with progress on stderr.

    Raises:
        ExecutionError: It did not succeed.
    """
    name = arn.rsplit(":", 1)[-1]
    with ui.activity(title) as current:
        with interrupt_hint(name, shown_by=f"bikecast runs {name} --follow"):
            watcher = Watcher(current, TuningProgress(cloud, name))
            execution = follow(cloud.stepfunctions, arn, on_change=watcher)
        current.update("")
        return require_success(execution)

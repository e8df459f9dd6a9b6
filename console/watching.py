"""Following an execution in front of a person: which state runs, how far it is, how long it takes."""

from console import ui
from console.cloud import Cloud
from console.executions import RUNNING, Execution, follow, require_success


class Watcher:
    """Turns an execution's states into lines of an activity; each finished state leaves one."""

    def __init__(self, activity: ui.Activity) -> None:
        self._activity = activity
        self._told = 0

    def __call__(self, execution: Execution) -> None:
        for run in execution.states[self._told :]:
            if run.exited_at is None:
                break
            self._told += 1
            seconds = (run.exited_at - run.entered_at).total_seconds()
            self._activity.step(f"{run.name:<24} {ui.elapsed(seconds):>6}  {run.progress}".rstrip())
        if execution.status == RUNNING and execution.states:
            current = execution.states[-1]
            self._activity.update(f"{current.name} {current.progress}".strip())


def watch(cloud: Cloud, arn: str, *, title: str) -> Execution:
    """Follow an execution to its end with progress on stderr.

    Raises:
        ExecutionError: It did not succeed.
    """
    with ui.activity(title) as current:
        try:
            execution = follow(cloud.stepfunctions, arn, on_change=Watcher(current))
        except KeyboardInterrupt:
            ui.note(f"stopped watching; the execution goes on: {arn}")
            raise
        current.update("")
        return require_success(execution)

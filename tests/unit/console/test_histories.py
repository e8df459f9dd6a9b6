"""Histories as AWS writes them and as an emulator writes them give the same progress."""

import datetime as dt
import json
from typing import Any

from console.executions.histories import Outline, read_history, read_outline

DEFINITION = {
    "StartAt": "Plan",
    "States": {
        "Plan": {"Type": "Task", "Next": "Tune"},
        "Tune": {
            "Type": "Map",
            "ItemsPath": "$.plan.workers",
            "ItemProcessor": {"StartAt": "Worker", "States": {"Worker": {"Type": "Task", "End": True}}},
            "Next": "Train",
        },
        "Train": {"Type": "Task", "End": True},
    },
}
START = dt.datetime(2025, 4, 1, 8, tzinfo=dt.UTC)
TUNE_INPUT = {"plan": {"workers": [{"worker": 0}, {"worker": 1}]}}


def outline() -> Outline:
    return read_outline(json.dumps(DEFINITION))


def event(kind: str, second: int, **details: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": START + dt.timedelta(seconds=second), **details}


def entered(name: str, second: int, *, kind: str = "Task", given: object = None) -> dict[str, Any]:
    details = {"name": name, "input": json.dumps(given or {})}
    return event(f"{kind}StateEntered", second, stateEnteredEventDetails=details)


def exited(name: str, second: int, *, kind: str = "Task") -> dict[str, Any]:
    return event(f"{kind}StateExited", second, stateExitedEventDetails={"name": name, "output": "{}"})


AWS_TUNING = [
    entered("Plan", 0),
    exited("Plan", 2),
    entered("Tune", 2, kind="Map", given=TUNE_INPUT),
    event("MapStateStarted", 2, mapStateStartedEventDetails={"length": 2}),
    event("MapIterationStarted", 2, mapIterationStartedEventDetails={"name": "Tune", "index": 0}),
    entered("Worker", 2),
    event("TaskScheduled", 2),
    event("TaskSucceeded", 9),
    exited("Worker", 9),
    event("MapIterationSucceeded", 9, mapIterationSucceededEventDetails={"name": "Tune", "index": 0}),
]
EMULATOR_TUNING = [
    entered("Plan", 0),
    event("TaskScheduled", 0),
    event("TaskSucceeded", 2),
    exited("Plan", 2),
    entered("Tune", 2, kind="Map", given=TUNE_INPUT),
    event("TaskScheduled", 2),
    event("TaskScheduled", 2),
    event("TaskSucceeded", 9),
]


def test_half_a_map_is_told_alike_from_aws_and_from_an_emulator() -> None:
    for history in (AWS_TUNING, EMULATOR_TUNING):
        plan, tune = read_history(history, outline())
        assert (plan.name, plan.exited_at) == ("Plan", START + dt.timedelta(seconds=2))
        assert (tune.name, tune.exited_at, tune.progress) == ("Tune", None, "1 of 2 done")


def test_a_finished_map_is_done_whatever_events_are_missing() -> None:
    history = [*EMULATOR_TUNING[:5], exited("Tune", 20, kind="Map"), entered("Train", 20)]
    _, tune, train = read_history(history, outline())
    assert tune.progress == "2 of 2 done"
    assert train.name == "Train"


def test_states_inside_a_map_are_not_taken_for_the_machines_own() -> None:
    assert [run.name for run in read_history(AWS_TUNING, outline())] == ["Plan", "Tune"]


def test_a_failed_task_leaves_its_error_and_cause_on_its_state() -> None:
    details = {"error": "InputError", "cause": "n_trials: must be an integer"}
    history = [entered("Plan", 0), event("TaskFailed", 1, taskFailedEventDetails=details)]
    [plan] = read_history(history, outline())
    assert (plan.error, plan.cause) == ("InputError", "n_trials: must be an integer")


def test_failed_iterations_are_counted_apart() -> None:
    failed = event("MapIterationFailed", 12, mapIterationFailedEventDetails={"name": "Tune", "index": 1})
    tune = read_history([*AWS_TUNING, failed], outline())[-1]
    assert tune.progress == "1 of 2 done, 1 failed"


def test_without_a_definition_every_state_counts() -> None:
    names = [run.name for run in read_history(AWS_TUNING, Outline())]
    assert names == ["Plan", "Tune", "Worker"]


def test_text_and_naive_timestamps_become_instants() -> None:
    raw = {**entered("Plan", 0), "timestamp": "2025-04-01T08:00:00Z"}
    [plan] = read_history([raw], outline())
    assert plan.entered_at == START

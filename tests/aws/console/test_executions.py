"""Executions are started, followed and judged."""

import json
from collections.abc import Mapping

import pytest

from console.cloud.session import Cloud
from console.errors import ExecutionError
from console.executions.executions import Execution, follow, require_success, start_execution

ROLE = "arn:aws:iam::123456789012:role/states"


def create_machine(cloud: Cloud, definition: Mapping[str, object]) -> str:
    machine = cloud.stepfunctions.create_state_machine(
        name="machine", definition=json.dumps(definition), roleArn=ROLE
    )
    return machine["stateMachineArn"]


def run(cloud: Cloud, definition: Mapping[str, object], payload: Mapping[str, object]) -> Execution:
    seen: list[Execution] = []
    arn = start_execution(
        cloud.stepfunctions, create_machine(cloud, definition), payload=payload, kind="train"
    )
    end = follow(cloud.stepfunctions, arn, on_change=seen.append, poll_s=0.05)
    assert seen[-1] == end
    return end


PASSES = {"StartAt": "Plan", "States": {"Plan": {"Type": "Pass", "Result": {"n": 1}, "End": True}}}
FAILS = {
    "StartAt": "Refuse",
    "States": {"Refuse": {"Type": "Fail", "Error": "InputError", "Cause": "n_trials: must be an integer"}},
}


def test_a_success_is_followed_to_its_output(cloud: Cloud) -> None:
    end = run(cloud, PASSES, {"n_trials": 4})
    assert require_success(end).output == {"n": 1}
    assert [state.name for state in end.states] == ["Plan"]
    assert end.name.startswith("train-")
    assert end.describe()["status"] == "SUCCEEDED"


def test_a_failure_names_the_cause_and_the_execution(cloud: Cloud) -> None:
    end = run(cloud, FAILS, {"n_trials": "many"})
    with pytest.raises(ExecutionError, match="n_trials: must be an integer") as caught:
        require_success(end)
    assert caught.value.arn == end.arn

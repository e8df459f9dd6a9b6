"""Our executions are found by name, and what is under way can be stopped."""

from collections.abc import Mapping

import pytest

from bikecast.errors import InputError
from bikecast.names import Output
from console.cloud.session import Cloud
from console.executions.executions import follow, start_execution
from console.executions.runs import list_running, list_runs, stop_run
from tests.aws.console.test_executions import PASSES, create_machine
from tests.aws.console.test_outputs import deploy_stack
from tests.deployment import eventually

WAITS = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}


def start(cloud: Cloud, definition: Mapping[str, object]) -> str:
    """Return the ARN of an execution of our retrain state machine."""
    machine = create_machine(cloud, definition)
    deploy_stack(cloud, "bikecast-training", {Output.RETRAIN_STATE_MACHINE_ARN: machine})
    return start_execution(cloud.stepfunctions, machine, payload={}, kind="train")


def test_what_runs_is_stopped_with_its_reason(cloud: Cloud) -> None:
    arn = start(cloud, WAITS)
    asked: list[dict[str, str]] = []  # moto forgets error and cause
    cloud.stepfunctions.meta.events.register(
        "provide-client-params.stepfunctions.StopExecution", lambda params, **_: asked.append(params)
    )
    stop_run(cloud, arn.rsplit(":", 1)[-1], reason="wrong dates")
    assert asked == [{"executionArn": arn, "error": "Stopped", "cause": "wrong dates"}]
    assert follow(cloud.stepfunctions, arn, on_change=lambda _: None, poll_s=0.05).status == "ABORTED"


def test_each_run_names_its_use_case(cloud: Cloud) -> None:
    machine = create_machine(cloud, PASSES)
    deploy_stack(cloud, "bikecast-training", {Output.OPERATE_STATE_MACHINE_ARN: machine})
    ours = {"step": "resume-automation", "input": {"use_case": "obesity"}}
    for payload in ({"step": "migrate", "input": {}}, ours):
        start_execution(cloud.stepfunctions, machine, payload=payload, kind="operate")
    assert sorted(row["use_case"] for row in list_runs(cloud, limit=20)) == ["citibike", "obesity"]


def test_what_is_under_way_is_listed_and_what_has_ended_is_not(cloud: Cloud) -> None:
    arn = start(cloud, WAITS)
    name = arn.rsplit(":", 1)[-1]
    assert list_running(cloud) == [name]
    stop_run(cloud, name, reason="enough")
    eventually(lambda: list_running(cloud) == [], timeout_s=10)  # stopping takes a moment


def test_what_has_ended_cannot_be_stopped(cloud: Cloud) -> None:
    arn = start(cloud, PASSES)
    follow(cloud.stepfunctions, arn, on_change=lambda _: None, poll_s=0.05)
    with pytest.raises(InputError, match="not running any more: it ended SUCCEEDED"):
        stop_run(cloud, arn, reason="too late")


def test_a_stranger_is_not_stopped(cloud: Cloud) -> None:
    start(cloud, PASSES)
    with pytest.raises(InputError, match="`bikecast runs` lists them"):
        stop_run(cloud, "somebody-elses", reason="not ours")

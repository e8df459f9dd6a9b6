"""The state machines' shape: what is tried again, what is caught, what is told."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bikecast.names import Event, Step
from tests.infra.conftest import Assembly, text_of

MACHINES = ("Retrain", "Ingest", "Operate", "Monitor")
AFTER_THE_DEED = ("ShowDecision",)
TRIED_AGAIN = {
    "ECS.AmazonECSException",
    "ECS.ServerException",
    "ECS.ThrottlingException",
    "ECS.ClientException",
    "OperationalError",
    "Stopped",
    "States.HeartbeatTimeout",
    "ConflictError",
}


@pytest.mark.parametrize("name", MACHINES)
def test_every_path_leads_somewhere(name: str, assembly: Assembly) -> None:
    definition = _definition(assembly, name)
    states = definition["States"]
    reachable = {definition["StartAt"]} | {target for state in states.values() for target in _targets(state)}
    assert reachable == set(states)


def test_the_first_state_of_retrain_checks_the_request_and_catches_nothing(assembly: Assembly) -> None:
    definition = _definition(assembly, "Retrain")
    first = definition["States"][definition["StartAt"]]
    assert "PlanRetraining" in first["Resource"]
    assert "Catch" not in first


def test_every_container_step_is_watched_and_given_an_end(assembly: Assembly) -> None:
    for name in ("Retrain", "Ingest", "Operate"):
        for step in _container_steps(_definition(assembly, name)):
            assert 3 * _interval_s(step) <= step["HeartbeatSeconds"] <= 60
            assert step["TimeoutSeconds"] <= 12 * 3600


def test_only_transient_errors_are_tried_again(assembly: Assembly) -> None:
    for name in ("Retrain", "Ingest", "Operate"):
        for step in _container_steps(_definition(assembly, name)):
            errors = {error for rule in step["Retry"] for error in rule["ErrorEquals"]}
            assert errors <= TRIED_AGAIN


@pytest.mark.parametrize("name", ["Retrain", "Ingest"])
def test_a_failed_step_is_told_and_the_execution_fails_with_its_error(name: str, assembly: Assembly) -> None:
    states = _definition(assembly, name)["States"]
    failed = states["Failed"]
    assert (failed["ErrorPath"], failed["CausePath"]) == ("$.failure.Error", "$.failure.Cause")
    assert Event.TRAINING_FAILED in json.dumps(states["PublishFailure"])
    for label, state in states.items():
        if label in AFTER_THE_DEED:
            continue
        if "ecs:runTask" in str(state.get("Resource")) or state["Type"] in ("Map", "Parallel"):
            assert {f"{label}Lost", "PublishFailure"} == {rule["Next"] for rule in state["Catch"]}, label
            assert f"{label}: a container died" in states[f"{label}Lost"]["Result"]["Cause"]


@pytest.mark.parametrize(("name", "label"), [("Retrain", "ShowDecision"), ("Operate", "ShowRollback")])
def test_a_page_that_cannot_be_refreshed_undoes_nothing(name: str, label: str, assembly: Assembly) -> None:
    states = _definition(assembly, name)["States"]
    refresh = states[label]
    assert refresh["ResultPath"] is None
    [rule] = refresh["Catch"]
    assert rule == {"ErrorEquals": ["States.ALL"], "Next": refresh["Next"], "ResultPath": None}
    assert "Catch" not in states[refresh["Next"]]  # the end


def test_a_person_is_asked_only_if_wanted_and_silence_is_a_no(assembly: Assembly) -> None:
    states = _definition(assembly, "Retrain")["States"]
    (rule,) = states["IsApprovalNeeded"]["Choices"]
    assert {clause["Variable"] for clause in rule["And"]} == {
        "$.job.evaluate.decision",
        "$.job.request.approval",
    }
    assert states["IsApprovalNeeded"]["Default"] == "Promote"
    assert states["WaitForApproval"]["Resource"].endswith("sqs:sendMessage.waitForTaskToken")
    assert states["NobodyApproved"]["Result"]["decision"] == "reject"


def test_steps_hand_over_their_input_and_nothing_secret(assembly: Assembly) -> None:
    for name in ("Retrain", "Ingest", "Operate"):
        for step in _container_steps(_definition(assembly, name)):
            (override,) = step["Parameters"]["Overrides"]["ContainerOverrides"]
            names = {each["Name"] for each in override["Environment"]}
            assert names == {"TASK_TOKEN", "STEP_INPUT", "HEARTBEAT_INTERVAL_S"}
            assert override["Command"][0] in set(Step)


def test_every_step_of_the_container_is_run_by_some_machine(assembly: Assembly) -> None:
    run = {
        step["Parameters"]["Overrides"]["ContainerOverrides"][0]["Command"][0]
        for name in ("Retrain", "Ingest", "Operate")
        for step in _container_steps(_definition(assembly, name))
    }
    assert run == set(Step)


def test_the_clock_starts_things_on_aws_only(aws: Assembly, embedded: Assembly) -> None:
    states = {
        assembly.target: {
            rule.properties["State"]
            for rule in assembly.resources("AWS::Events::Rule")
            if "ScheduleExpression" in rule.properties
        }
        for assembly in (aws, embedded)
    }
    assert states == {aws.target: {"ENABLED"}, embedded.target: {"DISABLED"}}


def test_every_event_reaches_people(assembly: Assembly) -> None:
    patterns = [rule.properties.get("EventPattern", {}) for rule in assembly.resources("AWS::Events::Rule")]
    (forwarded,) = [set(pattern["detail-type"]) for pattern in patterns if pattern]
    assert forwarded == set(Event)


def _definition(assembly: Assembly, name: str) -> dict[str, Any]:
    (machine,) = [
        each
        for each in assembly.resources("AWS::StepFunctions::StateMachine")
        if each.logical_id.startswith(name)
    ]
    definition: dict[str, Any] = json.loads(text_of(machine.properties["DefinitionString"]))
    return definition


def _container_steps(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for state in definition["States"].values():
        if "ecs:runTask" in str(state.get("Resource")):
            yield state
        for inner in (*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])):
            yield from _container_steps(inner)


def _interval_s(step: dict[str, Any]) -> int:
    (override,) = step["Parameters"]["Overrides"]["ContainerOverrides"]
    (value,) = [each["Value"] for each in override["Environment"] if each["Name"] == "HEARTBEAT_INTERVAL_S"]
    return int(value)


def _targets(state: dict[str, Any]) -> Iterator[str]:
    branches = [state, *state.get("Catch", []), *state.get("Choices", [])]
    yield from (branch["Next"] for branch in branches if "Next" in branch)
    if "Default" in state:
        yield state["Default"]

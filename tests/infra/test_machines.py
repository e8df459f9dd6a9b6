"""The state machines' shape: what is tried again, what is caught, what is told."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from bikecast.monitoring.requests import MonitorRequest
from bikecast.names import Containers, Event, Failure, Output, Step, Target, TaskVariable, result_name
from bikecast.requests import parse_request
from tests.infra.conftest import Assembly, text_of
from use_cases.citibike.request import HourlyRequest

MACHINES = ("Retrain", "Ingest", "Operate", "Monitor")
AFTER_THE_DEED = ("ShowDecision",)
PAGES = (*AFTER_THE_DEED, "ShowRollback")
DEATHS = {Containers.ECS: "a container died", Containers.WORKER: "no worker took it"}
PUBLISHING = ("PublishPromoted", "PublishRejected", "PublishFailure")
TRIED_AGAIN = {
    "ECS.AmazonECSException",
    "ECS.ServerException",
    "ECS.ThrottlingException",
    "ECS.ClientException",
    "SQS.AmazonSQSException",
    "SQS.SdkClientException",
    "OperationalError",
    "Stopped",
    "ContainerLost",
    "States.HeartbeatTimeout",
    "States.Timeout",
    "ConflictError",
}


@pytest.mark.parametrize("name", MACHINES)
def test_every_path_leads_somewhere(name: str, assembly: Assembly) -> None:
    definition = definition_of(assembly, name)
    states = definition["States"]
    reachable = {definition["StartAt"]} | {target for state in states.values() for target in _targets(state)}
    assert reachable == set(states)


def test_the_first_state_of_retrain_checks_the_request_and_catches_nothing(assembly: Assembly) -> None:
    definition = definition_of(assembly, "Retrain")
    first = definition["States"][definition["StartAt"]]
    assert "PlanRetraining" in first["Resource"]
    assert "Catch" not in first


def test_every_container_step_is_watched_and_given_an_end(assembly: Assembly) -> None:
    for name in ("Retrain", "Ingest", "Operate"):
        for step in _container_steps(definition_of(assembly, name)):
            assert 3 * _interval_s(assembly, step) <= step["HeartbeatSeconds"] <= 60
            assert step["TimeoutSeconds"] <= 12 * 3600


def test_only_transient_errors_are_tried_again(assembly: Assembly) -> None:
    for name in ("Retrain", "Ingest", "Operate"):
        for step in _container_steps(definition_of(assembly, name)):
            errors = {error for rule in step["Retry"] for error in rule["ErrorEquals"]}
            assert errors <= TRIED_AGAIN


@pytest.mark.parametrize(("name", "step"), [("Retrain", "Promote"), ("Operate", "Rollback")])
def test_a_lost_change_of_the_champion_is_tried_again_since_one_may_serve_that_no_alias_names(
    name: str, step: str, assembly: Assembly
) -> None:
    retried = definition_of(assembly, name)["States"][step]["Retry"]
    assert {"Stopped", "ContainerLost", "States.HeartbeatTimeout"} <= {
        error for rule in retried for error in rule["ErrorEquals"]
    }


def test_a_rollback_knows_its_execution_so_that_a_second_attempt_does_not_roll_back_twice(
    assembly: Assembly,
) -> None:
    states = definition_of(assembly, "Operate")["States"]
    named = states["NameRollback"]
    assert (named["InputPath"], named["ResultPath"]) == ("$$.Execution.Name", "$.input.execution")
    leading = [each["Next"] for each in states["WhichStep"]["Choices"]] + [
        state.get("Next") for state in states.values()
    ]
    assert leading.count("Rollback") == 1
    assert named["Next"] == "Rollback"


def test_an_event_that_the_bus_does_not_take_is_published_again(assembly: Assembly) -> None:
    levels = [states for name in MACHINES for states in _levels(definition_of(assembly, name))]
    found = [
        state for states in levels for state in states.values() if "events:put" in str(state.get("Resource"))
    ]
    assert len(found) >= len(PUBLISHING)
    for state in found:
        [rule] = state["Retry"]
        assert rule["ErrorEquals"] == ["States.TaskFailed"]
        assert 2 <= rule["MaxAttempts"] <= 5


def test_a_retraining_that_the_monitor_asks_for_is_started_once_however_often_it_is_tried(
    assembly: Assembly,
) -> None:
    start = definition_of(assembly, "Monitor")["States"]["StartRetraining"]
    assert start["Parameters"]["Name.$"] == "$$.Execution.Name"
    [rule] = start["Retry"]
    assert rule["ErrorEquals"] == ["States.TaskFailed"]


@pytest.mark.parametrize("name", ["Retrain", "Ingest"])
def test_a_failed_execution_is_published_and_fails_with_the_error_of_its_step(
    name: str, assembly: Assembly
) -> None:
    states = definition_of(assembly, name)["States"]
    assert Event.TRAINING_FAILED in json.dumps(states["PublishFailure"])
    assert states["PublishFailure"]["Next"] == "Failed"
    for label, state in states.items():
        if "Catch" in state and label not in (*AFTER_THE_DEED, *PUBLISHING):
            assert _end_of_failures(states, state) == {"PublishFailure"}, label


@pytest.mark.parametrize("name", ["Retrain", "Ingest", "Operate"])
def test_a_silent_container_is_called_by_our_own_name_with_a_cause(name: str, assembly: Assembly) -> None:
    for states in _levels(definition_of(assembly, name)):
        for label, step in states.items():
            if not _is_container_step(step) or label in PAGES:
                continue
            [rule] = [rule for rule in step["Catch"] if "States.HeartbeatTimeout" in rule["ErrorEquals"]]
            assert "States.Timeout" in rule["ErrorEquals"]  # LocalStack's name for it
            lost = states[rule["Next"]]
            told = lost.get("Result", lost)
            assert told["Error"] == Failure.CONTAINER_LOST
            assert told["Cause"].startswith(f"{label}: {DEATHS[assembly.containers]}")


@pytest.mark.parametrize("name", MACHINES)
def test_no_state_raises_an_error_whose_name_is_reserved(name: str, assembly: Assembly) -> None:
    for states in _levels(definition_of(assembly, name)):
        for label, state in states.items():
            if state["Type"] != "Fail":
                continue
            assert not state.get("Error", "").startswith("States."), label
            caught = [other for other in states.values() if label in _targets(other)]
            assert all(rule["ResultPath"] is None for rule in _catchers(caught, label)), label


@pytest.mark.parametrize("name", ["Retrain", "Ingest"])
def test_reserved_errors_of_a_step_are_renamed_and_keep_their_cause(name: str, assembly: Assembly) -> None:
    for states in _levels(definition_of(assembly, name)):
        choices = {label: state for label, state in states.items() if re.fullmatch("Is.*Reserved", label)}
        assert choices
        for choice in choices.values():
            [rule] = choice["Choices"]
            assert (rule["Variable"], rule["StringMatches"]) == ("$.failure.Error", "States.*")
            renamed = states[rule["Next"]]
            assert renamed["Next"] == choice["Default"]
            assert renamed["Parameters"]["Error"] == Failure.MACHINE_ERROR
            assert "$.failure.Cause" in renamed["Parameters"]["Cause.$"]


@pytest.mark.parametrize(("name", "label"), [("Retrain", "ShowDecision"), ("Operate", "ShowRollback")])
def test_a_page_that_cannot_be_refreshed_undoes_nothing(name: str, label: str, assembly: Assembly) -> None:
    states = definition_of(assembly, name)["States"]
    refresh = states[label]
    assert refresh["ResultPath"] is None
    [rule] = refresh["Catch"]
    assert rule == {"ErrorEquals": ["States.ALL"], "Next": refresh["Next"], "ResultPath": None}
    assert "Catch" not in states[refresh["Next"]]  # the end


@pytest.mark.parametrize(
    ("machine", "first", "following", "choice", "after"),
    [
        ("Retrain", "Train", [Step.EVALUATE], "IsEvaluated", "IsApprovalNeeded"),
        ("Retrain", "Promote", [Step.REFRESH_DASHBOARD], "IsShown", "Done"),
        ("Ingest", "PublishTables", [Step.REFRESH_LEVEL, Step.RECORD_ACTUALS], "IsFollowed", "Report"),
    ],
)
def test_steps_that_their_predecessors_container_did_not_do_have_states_of_their_own(
    machine: str, first: str, following: list[Step], choice: str, after: str, assembly: Assembly
) -> None:
    states = definition_of(assembly, machine)["States"]
    assert _commands(states[first])[1:] == following
    (rule,) = states[choice]["Choices"]
    asked = f"{states[first]['ResultPath']}.{result_name(following[-1])}"
    assert rule == {"Variable": asked, "IsPresent": True, "Next": after}
    own = states[states[choice]["Default"]]
    steps = _container_steps({"States": {choice: own}})
    assert sorted(_commands(step) for step in steps) == sorted([step] for step in following)


def test_the_page_that_shows_a_decision_is_that_of_the_request_s_use_case(assembly: Assembly) -> None:
    states = definition_of(assembly, "Retrain")["States"]
    shown, judged = (
        _message(states[name]) or _environment(states[name]) for name in ("ShowDecision", "Promote")
    )
    key = "input.$" if "input.$" in shown else str(TaskVariable.INPUT)
    assert shown[key] == judged[key]


def test_a_person_is_asked_only_if_wanted_and_silence_is_a_no(assembly: Assembly) -> None:
    states = definition_of(assembly, "Retrain")["States"]
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
        for step in _container_steps(definition_of(assembly, name)):
            assert set(_commands(step)) <= set(Step)
            given = _message(step) or _environment(step)
            assert given.keys() == (
                {"step", "task_token.$", "input.$", "execution.$"}
                if _message(step)
                else {*map(str, TaskVariable)}
            )


def test_every_step_of_the_job_is_run_by_some_machine(assembly: Assembly) -> None:
    steps = [step for name in MACHINES for step in _container_steps(definition_of(assembly, name))]
    run = {
        _commands(step)[0] for step in steps
    }  # one that only followed another would have no state of its own
    assert run == set(Step) - ({Step.JUDGE_WINDOWS} if _judges(assembly) else set())


def test_where_no_function_can_be_an_image_the_job_judges(
    on_worker: Assembly, assemblies: dict[Target, Assembly]
) -> None:
    assert all(_judges(assembly) for assembly in assemblies.values())
    assert _judges(on_worker) == (on_worker.target is Target.AWS)


def test_a_workers_message_is_delivered_once_and_kept_longer_than_a_silent_step(on_worker: Assembly) -> None:
    [queue] = [
        each.properties
        for each in on_worker.resources("AWS::SQS::Queue")
        if each.logical_id.startswith("JobSteps")
    ]
    assert queue["FifoQueue"] is True
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    for step in _container_steps(definition_of(on_worker, "Retrain")):
        assert queue["VisibilityTimeout"] >= 2 * step["HeartbeatSeconds"]
        names = ("MessageGroupId.$", "MessageDeduplicationId.$")
        assert [step["Parameters"][name] for name in names] == ["States.UUID()"] * 2


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


def test_what_the_clock_asks_for_is_not_empty_and_is_understood(assembly: Assembly) -> None:
    asked = {
        re.sub("[0-9A-F]{8}$", "", rule.logical_id): json.loads(rule.properties["Targets"][0]["Input"])
        for rule in assembly.resources("AWS::Events::Rule")
        if "ScheduleExpression" in rule.properties
    }
    assert all(asked.values())  # LocalStack does not fire a rule with an empty input
    assert parse_request(MonitorRequest, asked["MonitorWeekly"]) == MonitorRequest()
    assert parse_request(HourlyRequest, asked["RetrainMonthly"]) == HourlyRequest()
    assert asked["OutlookDaily"] == {"step": Step.PUBLISH_OUTLOOK, "input": {}}


def test_every_event_reaches_people(assembly: Assembly) -> None:
    patterns = [rule.properties.get("EventPattern", {}) for rule in assembly.resources("AWS::Events::Rule")]
    (forwarded,) = [set(pattern["detail-type"]) for pattern in patterns if pattern]
    assert forwarded == set(Event)


def test_a_monitor_judges_its_own_use_case(two_use_cases: Assembly) -> None:
    """A worker's step learns it from the state; a function has it in its environment."""
    stacks = {"bikecast-staging-monitoring": "citibike", "bikecast-staging-monitoring-obesity": "obesity"}
    for stack, use_case in stacks.items():
        judged = {
            function.properties["Environment"]["Variables"]["USE_CASE"]
            for function in two_use_cases.resources("AWS::Lambda::Function")
            if function.stack == stack and function.logical_id.startswith("MonitorDrift")
        }
        [machine] = [
            json.loads(text_of(each.properties["DefinitionString"]))
            for each in two_use_cases.resources("AWS::StepFunctions::StateMachine")
            if each.stack == stack
        ]
        named = [state for state in machine["States"].values() if state.get("ResultPath") == "$.use_case"]
        judged |= {state["Result"] for state in named if state["Next"] == "JudgeWindow"}
        assert judged == {use_case}


def definition_of(assembly: Assembly, name: str) -> dict[str, Any]:
    """Return a machine's definition."""
    (machine,) = [
        each
        for each in assembly.resources("AWS::StepFunctions::StateMachine")
        if each.logical_id.startswith(name)
    ]
    definition: dict[str, Any] = json.loads(text_of(machine.properties["DefinitionString"]))
    return definition


def _container_steps(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for states in _levels(definition):
        yield from filter(_is_container_step, states.values())


def _is_container_step(state: dict[str, Any]) -> bool:
    resource = str(state.get("Resource"))
    return "ecs:runTask" in resource or ("sqs:sendMessage" in resource and "HeartbeatSeconds" in state)


def _message(step: dict[str, Any]) -> dict[str, Any]:
    """Return what a worker is sent; nothing for a step on ECS."""
    return dict(step["Parameters"].get("MessageBody", {}))


def _environment(step: dict[str, Any]) -> dict[str, str]:
    [override] = step["Parameters"]["Overrides"]["ContainerOverrides"]
    return {each["Name"]: each.get("Value", each.get("Value.$")) for each in override["Environment"]}


def _commands(step: dict[str, Any]) -> list[str]:
    if message := _message(step):
        return str(message["step"]).split()
    return [str(part) for part in step["Parameters"]["Overrides"]["ContainerOverrides"][0]["Command"]]


def _interval_s(assembly: Assembly, step: dict[str, Any]) -> int:
    """Return how often a step shows life; a worker's steps are told by an output."""
    if not _message(step):
        return int(_environment(step)[TaskVariable.HEARTBEAT_S])
    outputs = assembly.templates["bikecast-training"]["Outputs"]
    told = json.loads(text_of(outputs[Output.WORKER_ENVIRONMENT]["Value"]))
    return int(told[TaskVariable.HEARTBEAT_S])


def _judges(assembly: Assembly) -> bool:
    """Whether a function judges windows."""
    functions = assembly.resources("AWS::Lambda::Function")
    return any(function.properties.get("PackageType") == "Image" for function in functions)


def _levels(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the states of a machine, and those inside each of its maps and branches."""
    yield definition["States"]
    for state in definition["States"].values():
        for inner in (*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])):
            yield from _levels(inner)


def _end_of_failures(states: dict[str, Any], state: dict[str, Any]) -> set[str]:
    """Return where every caught failure of a state arrives in the end, by way of the states that name it."""
    reached = {rule["Next"] for rule in state["Catch"]} - {"NobodyApproved"}
    while naming := {label for label in reached if states[label]["Type"] in ("Pass", "Choice")}:
        reached = (reached - naming) | {target for label in naming for target in _targets(states[label])}
    return reached


def _catchers(states: list[dict[str, Any]], label: str) -> Iterator[dict[str, Any]]:
    yield from (rule for state in states for rule in state.get("Catch", []) if rule["Next"] == label)


def _targets(state: dict[str, Any]) -> Iterator[str]:
    branches = [state, *state.get("Catch", []), *state.get("Choices", [])]
    yield from (branch["Next"] for branch in branches if "Next" in branch)
    if "Default" in state:
        yield state["Default"]

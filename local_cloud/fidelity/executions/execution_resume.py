"""An execution outlives the machine that it runs on.

AWS: executions are durable: a task's container may die, the execution goes on as its Retry and Catch say, and
whoever was asked by a token may still answer it.
MiniStack: executions that ran when it was killed or stopped are FAILED after its start, past every Catch,
so that nobody is told and nothing is put right.

An interrupted execution enters the last state of its top level again. A container that ran there died with
the emulator and counts as silent. What was asked by a token is not asked again: its answer is waited for.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
"""

import contextvars
import functools
import json
import os
import socket
import threading
import time
from typing import Any

from ministack import app
from ministack.core.responses import now_iso, set_request_account_id, set_request_region
from ministack.services import stepfunctions

from local_cloud.fidelity.anchors import require
from local_cloud.fidelity.executions import execution_end

_POLL_S = 0.1
_ASKED = "askedByToken"
_WITH_EXECUTION = ("Task", "Parallel", "Map")
_interrupted: list[dict[str, Any]] = []
# Holds one item while the first task of a resumed execution has not been looked at.
_resumed: "contextvars.ContextVar[list[str]]" = contextvars.ContextVar("resumed")


def apply() -> None:
    """Resume what a start finds interrupted, and remember who was asked."""
    require(stepfunctions._restore_state, 'exc["error"] = "States.ServiceRestart"')
    require(stepfunctions._run_execution, 'f"{state_type}StateEntered"', 'execution["status"] = "SUCCEEDED"')
    require(stepfunctions._invoke_with_callback, "evt.wait(timeout=timeout)")
    require(app._load_persisted_state, ".load_persisted_state(data)")
    stepfunctions.load_persisted_state = _finding_interrupted(stepfunctions.load_persisted_state)
    stepfunctions._invoke_with_callback = _without_asking_again(stepfunctions._invoke_with_callback)
    app._load_persisted_state = _then_resume(app._load_persisted_state)


def _finding_interrupted(load: Any) -> Any:
    @functools.wraps(load)
    def load_and_find(data: Any) -> None:
        load(data)
        for execution in stepfunctions._executions.all_values():
            if execution.get("error") == "States.ServiceRestart" and execution["status"] == "FAILED":
                execution.update(status="RUNNING", stopDate=None)
                del execution["error"], execution["cause"]
                _interrupted.append(execution)

    return load_and_find


def _then_resume(load: Any) -> Any:
    @functools.wraps(load)
    def load_then_resume() -> None:
        load()
        while _interrupted:
            threading.Thread(target=_resume, args=(_interrupted.pop(),), daemon=True).start()

    return load_then_resume


def _resume(execution: dict[str, Any]) -> None:
    _await_gateway()
    arn = execution["executionArn"]
    region, account = arn.split(":")[3:5]
    set_request_region(region)
    set_request_account_id(account)
    entered = [event for event in execution["events"] if event["type"].endswith("StateEntered")]
    if entered:
        go_on = functools.partial(_go_on, execution, entered[-1]["stateEnteredEventDetails"])
        execution_end.limited(go_on)(arn)
    else:
        stepfunctions._run_execution(arn)


def _await_gateway() -> None:
    """Wait until tasks can call back."""
    address = ("127.0.0.1", int(os.environ["GATEWAY_PORT"]))
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(address) == 0:
                return
        time.sleep(_POLL_S)


def _go_on(execution: dict[str, Any], entered: dict[str, str], _arn: str) -> None:
    try:
        output = json.dumps(_walk(execution, entered["name"], json.loads(entered["input"])))
    except stepfunctions._ExecutionError as error:
        stepfunctions._fail_execution(execution, error.error, error.cause)
    except Exception as error:  # noqa: BLE001 - MiniStack, too, ends an execution on whatever a state raises
        stepfunctions._fail_execution(execution, "States.Runtime", str(error))
    else:
        _succeed(execution, output)


def _walk(execution: dict[str, Any], first: str, data: Any) -> Any:
    """Run the machine's top level from one state on; return its output."""
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"])
    if machine is None:
        raise stepfunctions._ExecutionError("StateMachineDeleted", "State machine no longer exists")
    definition = json.loads(machine["definition"])
    context = _context(execution, machine["name"], definition)
    _resumed.set(["first task"] if _state(definition, first)["Type"] == "Task" else [])
    name: str | None = first
    while name and execution["status"] == "RUNNING":
        data, name = _run_state(execution, context, name, state=_state(definition, name), data=data)
        _resumed.get().clear()
    return data


def _state(definition: dict[str, Any], name: str) -> dict[str, Any]:
    if name not in definition["States"]:
        raise stepfunctions._ExecutionError("States.Runtime", f"State '{name}' not found in definition")
    return dict(definition["States"][name])


def _context(execution: dict[str, Any], machine: str, definition: dict[str, Any]) -> dict[str, Any]:
    return {
        "QueryLanguage": definition.get("QueryLanguage", "JSONPath"),
        "Execution": {
            "Id": execution["executionArn"],
            "Input": json.loads(execution["input"]),
            "Name": execution["name"],
            "StartTime": execution["startDate"],
        },
        "StateMachine": {"Id": execution["stateMachineArn"], "Name": machine},
        "variables": {},
    }


def _run_state(
    execution: dict[str, Any], context: dict[str, Any], name: str, *, state: dict[str, Any], data: Any
) -> tuple[Any, str | None]:
    kind = state["Type"]
    context["State"] = {"Name": name, "EnteredTime": now_iso(), "RetryCount": 0}
    told = {"name": name, "input": json.dumps(data)}
    stepfunctions._add_event(execution, f"{kind}StateEntered", {"stateEnteredEventDetails": told})
    if kind in ("Succeed", "Fail"):
        following = None
        output = stepfunctions._run_sub_machine({name: state}, name, data, execution, context)
    else:
        arguments = (execution, context) if kind in _WITH_EXECUTION else (context,)
        output, following = getattr(stepfunctions, f"_execute_{kind.lower()}")(state, data, *arguments)
    told = {"name": name, "output": json.dumps(output)}
    stepfunctions._add_event(execution, f"{kind}StateExited", {"stateExitedEventDetails": told})
    return output, following


def _succeed(execution: dict[str, Any], output: str) -> None:
    if execution["status"] == "RUNNING":
        execution.update(status="SUCCEEDED", output=output, stopDate=now_iso())
        details = {"executionSucceededEventDetails": {"output": output}}
        stepfunctions._add_event(execution, "ExecutionSucceeded", details)
        stepfunctions._emit_execution_status_event(execution)


def _without_asking_again(invoke: Any) -> Any:
    @functools.wraps(invoke)
    def invoke_or_wait(resource: str, data: Any, token: str, state: Any) -> Any:
        execution, first = execution_end.current(), _resumed.get([])
        if not first or execution is None:
            return _ask(invoke, execution, (resource, data, token, state))
        first.clear()
        if "ecs:runTask" in resource:
            cause = "its container died with the emulator"
            raise stepfunctions._ExecutionError("States.HeartbeatTimeout", cause)
        asked = execution.get(_ASKED)
        question = (resource, data, token, state) if asked is None else ("", data, asked, state)
        return _ask(invoke, execution, question)

    return invoke_or_wait


def _ask(invoke: Any, execution: dict[str, Any] | None, question: tuple[str, Any, str, Any]) -> Any:
    """Wait for an answer; the token is kept with the execution meanwhile."""
    if execution is None:
        return invoke(*question)
    execution[_ASKED] = question[2]
    try:
        return invoke(*question)
    finally:
        execution.pop(_ASKED, None)

"""An execution that is over stays over, and one that takes too long ends.

AWS: TimeoutSeconds of a state machine ends its executions as TIMED_OUT; a stopped execution starts no
further state, and its waiting tasks are over.
MiniStack: it ignores the machine's TimeoutSeconds; after StopExecution waiting tasks stay valid,
branches go on, and a late failure turns ABORTED into FAILED.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
"""

import contextvars
import functools
import json
import threading
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions

from local_cloud.fidelity.anchors import require

_CHECK_EVERY_S = 0.2
_current: "contextvars.ContextVar[Any]" = contextvars.ContextVar("execution", default=None)


class _EndedError(Exception):
    """Leaves a branch of an execution that is over; no Catch or Retry matches it."""


def current() -> Any:
    """Return the execution whose task runs in this thread, None outside of one."""
    return _current.get()


def apply() -> None:
    """End what is over."""
    require(
        stepfunctions._run_execution,
        'execution["status"] == "RUNNING"',
        "_fail_execution(execution, err.error",
    )
    require(stepfunctions._fail_execution, 'execution["status"] = "FAILED"')
    require(stepfunctions._invoke_with_callback, "info = _task_tokens.pop(token, {})")
    stepfunctions._run_execution = limited(stepfunctions._run_execution)
    stepfunctions._fail_execution = _only_running(stepfunctions._fail_execution)
    stepfunctions._execute_task = _while_running(stepfunctions._execute_task)
    stepfunctions._invoke_with_callback = _released(stepfunctions._invoke_with_callback)


def limited(run: Any) -> Any:
    """Return ``run`` of an execution's ARN with the machine's time limit around it."""

    @functools.wraps(run)
    def run_limited(arn: str) -> None:
        execution = stepfunctions._executions.get(arn) or {}
        machine = stepfunctions._state_machines.get(execution.get("stateMachineArn"), {})
        limit_s = json.loads(machine.get("definition", "{}")).get("TimeoutSeconds")
        if not limit_s:
            run(arn)
            return
        timer = threading.Timer(float(limit_s), contextvars.copy_context().run, (_time_out, execution))
        timer.daemon = True
        timer.start()
        try:
            run(arn)
        finally:
            timer.cancel()

    return run_limited


def _time_out(execution: dict[str, Any]) -> None:
    if execution["status"] != "RUNNING":
        return
    execution.update(status="TIMED_OUT", error="States.Timeout", cause="", stopDate=now_iso())
    details = {"executionTimedOutEventDetails": {"error": "States.Timeout", "cause": ""}}
    stepfunctions._add_event(execution, "ExecutionTimedOut", details)
    stepfunctions._emit_execution_status_event(execution)


def _only_running(fail: Any) -> Any:
    @functools.wraps(fail)
    def fail_running(execution: dict[str, Any], error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            fail(execution, error, cause)

    return fail_running


def _while_running(execute: Any) -> Any:
    @functools.wraps(execute)
    def execute_while_running(state: Any, raw_input: Any, execution: Any, context: Any) -> Any:
        _require_running(execution)
        token = _current.set(execution)
        try:
            return execute(state, raw_input, execution, context)
        finally:
            _current.reset(token)

    return execute_while_running


def _released(invoke: Any) -> Any:
    @functools.wraps(invoke)
    def invoke_released(resource: Any, data: Any, token: str, state: Any) -> Any:
        execution, over = _current.get(), threading.Event()
        watch = contextvars.copy_context().run
        threading.Thread(target=watch, args=(_release, execution, token, over), daemon=True).start()
        try:
            return invoke(resource, data, token, state)
        except stepfunctions._ExecutionError:
            _require_running(execution)
            raise
        finally:
            over.set()

    return invoke_released


def _release(execution: Any, token: str, over: threading.Event) -> None:
    """Wake a waiting task when its execution is over."""
    while not over.wait(_CHECK_EVERY_S):
        info = stepfunctions._task_tokens.get(token)
        if info is not None and execution is not None and execution["status"] != "RUNNING":
            info["error"] = {"Error": "States.Timeout", "Cause": "the execution is over"}
            info["event"].set()
            return


def _require_running(execution: Any) -> None:
    if execution is not None and execution["status"] != "RUNNING":
        raise _EndedError(execution["status"])

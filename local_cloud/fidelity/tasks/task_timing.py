"""A task that falls silent fails, and each attempt of a task has its own token.

AWS: without a heartbeat for HeartbeatSeconds a waiting task fails with States.HeartbeatTimeout;
both limits can come from the input by a path; every attempt gets a new task token; an answer
with the token of an attempt that is over is refused as TaskTimedOut.
MiniStack: it stores heartbeats and looks at none, ignores the paths, and gives one token to all
attempts, so that a lost attempt's late answer counts for the next one.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
"""

import contextvars
import functools
import threading
import time
from collections import OrderedDict
from typing import Any

from ministack.core.responses import error_response_json, new_uuid
from ministack.services import stepfunctions

from local_cloud.fidelity.anchors import require

_CHECK_EVERY_S = 0.2
_MAX_FINISHED = 10_000
_finished: "OrderedDict[str, None]" = OrderedDict()


def apply() -> None:
    """Watch heartbeats, resolve the paths, renew tokens."""
    require(stepfunctions._execute_task, 'ctx["Task"] = {"Token": new_uuid()}', "_apply_parameters(state_def")
    require(stepfunctions._invoke_with_callback, "evt.wait(timeout=timeout)", '"heartbeat": None')
    stepfunctions._execute_task = _with_limits(stepfunctions._execute_task)
    stepfunctions._apply_parameters = _with_new_token(stepfunctions._apply_parameters)
    stepfunctions._invoke_with_callback = _watched(stepfunctions._invoke_with_callback)
    for name in ("_send_task_success", "_send_task_failure", "_send_task_heartbeat"):
        setattr(stepfunctions, name, _refusing_finished(getattr(stepfunctions, name)))


def _with_limits(execute: Any) -> Any:
    @functools.wraps(execute)
    def execute_within_limits(state: Any, raw_input: Any, execution: Any, context: Any) -> Any:
        limits = {
            name: stepfunctions._resolve_path_or_ctx(state[f"{name}Path"], raw_input, context)
            for name in ("TimeoutSeconds", "HeartbeatSeconds")
            if f"{name}Path" in state
        }
        return execute({**state, **limits}, raw_input, execution, context)

    return execute_within_limits


def _with_new_token(resolve: Any) -> Any:
    @functools.wraps(resolve)
    def resolve_with_new_token(state: Any, data: Any, context: Any = None) -> Any:
        if context is not None and ".waitForTaskToken" in state.get("Resource", ""):
            context["Task"] = {"Token": new_uuid()}
        return resolve(state, data, context)

    return resolve_with_new_token


def _watched(invoke: Any) -> Any:
    @functools.wraps(invoke)
    def invoke_watched(resource: Any, data: Any, token: str, state: Any) -> Any:
        over = threading.Event()
        silence_s = state.get("HeartbeatSeconds")
        if silence_s:
            watch = contextvars.copy_context().run
            arguments = (_watch, token, float(silence_s), over)
            threading.Thread(target=watch, args=arguments, daemon=True, name="heartbeat").start()
        try:
            return invoke(resource, data, token, state)
        finally:
            over.set()
            _finished[token] = None
            if len(_finished) > _MAX_FINISHED:
                _finished.popitem(last=False)

    return invoke_watched


def _watch(token: str, silence_s: float, over: threading.Event) -> None:
    """Fail the task once its last sign of life is older than ``silence_s``."""
    heard, last = time.monotonic(), None
    while not over.wait(_CHECK_EVERY_S):
        info = stepfunctions._task_tokens.get(token)
        if info is None:
            continue
        if info["heartbeat"] != last:
            heard, last = time.monotonic(), info["heartbeat"]
        if time.monotonic() - heard > silence_s and not info["event"].is_set():
            info["error"] = {"Error": "States.HeartbeatTimeout", "Cause": f"no heartbeat for {silence_s:g} s"}
            info["event"].set()
            return


def _refusing_finished(send: Any) -> Any:
    @functools.wraps(send)
    def send_unless_finished(data: Any) -> Any:
        if data.get("taskToken") in _finished:
            return error_response_json("TaskTimedOut", "Provided task does not exist anymore", 400)
        return send(data)

    return send_unless_finished

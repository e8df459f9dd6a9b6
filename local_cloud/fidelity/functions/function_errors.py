"""A function's exception arrives as itself, and the environment survives it.

AWS: an exception gives ``errorType`` (its class), ``errorMessage``, ``requestId`` and ``stackTrace``; a
module that can't be imported is ``Runtime.ImportModuleError``; the warm environment goes on.
MiniStack: every exception is ``Runtime.HandlerError`` without a stack trace, which no Catch or Retry
of a state machine can match, and the worker is killed.
Source: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
"""

import functools
import json
import threading
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local_cloud.fidelity.anchors import require, swap

_INIT_PREFIX = "Worker init failed: "
_last = threading.local()

_REPORT = """            _trace = traceback.format_list(traceback.extract_tb(e.__traceback__)[1:])
            _failure = {"errorMessage": str(e), "errorType": type(e).__name__, "stackTrace": _trace}
            sys.stderr.write("[ERROR] " + type(e).__name__ + ": " + str(e) + "\\n")
            sys.stderr.write("Traceback (most recent call last):\\n" + "".join(_trace))
            sys.stderr.flush()
            _real_stdout.write(json.dumps({"status": "ok", "failure": _failure}) + "\\n")
"""
_INIT_REPORT = """        _missing = isinstance(e, ImportError)
        _message = "Unable to import module '" + module_name + "': " + str(e) if _missing else str(e)
        _failure = {"errorMessage": _message, "stackTrace": [],
                    "errorType": "Runtime.ImportModuleError" if _missing else type(e).__name__}
        _real_stdout.write(json.dumps({"status": "error", "error": json.dumps(_failure)}) + "\\n")
"""


def apply() -> None:
    """Let the worker report what happened, and pass it on."""
    require(lambda_runtime.Worker._spawn, f'raise RuntimeError(f"{_INIT_PREFIX}')
    require(
        lambda_svc._execute_function_warm,
        'error_type = "Runtime.HandlerError"',
        '"errorType": type(e).__name__',
    )
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    script = swap(
        script,
        '            _real_stdout.write(json.dumps({"status": "error", "error": str(e), '
        '"trace": traceback.format_exc()}) + "\\n")\n',
        _REPORT,
    )
    script = swap(
        script,
        '        _real_stdout.write(json.dumps({"status": "error", "error": str(e)}) + "\\n")\n',
        _INIT_REPORT,
    )
    lambda_runtime._PYTHON_WORKER_SCRIPT = script
    lambda_runtime.Worker.invoke = _remembering(lambda_runtime.Worker.invoke)
    lambda_svc._execute_function_warm = _reporting(lambda_svc._execute_function_warm)


def _remembering(invoke: Any) -> Any:
    @functools.wraps(invoke)
    def remember(self: Any, *arguments: Any, **options: Any) -> Any:
        response = invoke(self, *arguments, **options)
        failure = response.pop("failure", None)
        if failure is None:
            return response
        _last.failure = failure
        return {**response, "status": "error", "error": failure["errorMessage"], "trace": ""}

    return remember


def _reporting(execute: Any) -> Any:
    @functools.wraps(execute)
    def report(function: Any, event: Any, request_id: str) -> Any:
        _last.failure = None
        result = execute(function, event, request_id)
        message = (result.get("body") or {}).get("errorMessage", "") if result.get("error") else ""
        failure = _last.failure
        if message.startswith(_INIT_PREFIX):
            failure = json.loads(message.removeprefix(_INIT_PREFIX))
            result["log"] = f"[ERROR] {failure['errorType']}: {failure['errorMessage']}"
        if failure:
            result["body"] = {**failure, "requestId": request_id}
        return result

    return report

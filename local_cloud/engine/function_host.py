"""What a Lambda image is here: a process that serves the image's handler the way AWS's emulator does.

usage: python -m local_cloud.engine.function_host PORT HANDLER

It listens where the Runtime Interface Emulator of AWS's base images listens, runs the handler in
this process and writes the platform's lines around the function's own. Every user of this machine
can reach loopback, so a call without the engine's secret (``BIKECAST_FUNCTION_SECRET``) is refused.
It imports the standard library only: LocalStack's test bench runs it on an interpreter without this project.
Source: https://github.com/aws/aws-lambda-runtime-interface-emulator
"""

import hmac
import importlib
import json
import logging
import os
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATH = "/2015-03-31/functions/function/invocations"
SECRET_VARIABLE = "BIKECAST_FUNCTION_SECRET"  # noqa: S105 - the name of a variable
SECRET_HEADER = "X-Bikecast-Secret"  # noqa: S105 - the name of a header
Function = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Context:
    """What a handler learns about its invocation."""

    aws_request_id: str
    function_name: str = field(default_factory=lambda: os.environ.get("AWS_LAMBDA_FUNCTION_NAME", ""))
    function_version: str = field(
        default_factory=lambda: os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
    )
    invoked_function_arn: str = field(default_factory=lambda: os.environ.get("_LAMBDA_FUNCTION_ARN", ""))
    memory_limit_in_mb: str = field(
        default_factory=lambda: os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
    )
    log_stream_name: str = field(default_factory=lambda: os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", ""))
    deadline_s: float = 0.0
    identity: None = None
    client_context: None = None

    @property
    def log_group_name(self) -> str:
        """The function's log group."""
        return f"/aws/lambda/{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the platform ends the invocation."""
        return max(0, int((self.deadline_s - time.time()) * 1000))


class Handler(BaseHTTPRequestHandler):
    """Serves one invocation at a time, as an execution environment does."""

    protocol_version = "HTTP/1.1"
    one_at_a_time = threading.Lock()
    secret = ""
    # Loaded while the server already listens: a heavy import must not look like a dead container.
    loaded: Future[Function]

    def log_message(self, format: str, *args: Any) -> None:
        """Only the function's own lines belong in the log."""

    def do_POST(self) -> None:
        """Run the handler on the request's body, for callers who know the secret."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self._is_known():
            self.send_error(403)
            return
        event = json.loads(body)
        with self.one_at_a_time:
            answer = invoke(
                self.loaded.result(), event, self.headers.get("X-Amzn-RequestId") or str(uuid.uuid4())
            )
        text = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _is_known(self) -> bool:
        given = self.headers.get(SECRET_HEADER) or ""
        return hmac.compare_digest(given.encode(), self.secret.encode())


def invoke(function: Function, event: Any, request_id: str) -> Any:
    """Return the handler's result, or the document that AWS makes of its exception."""
    timeout_s = float(os.environ.get("AWS_LAMBDA_FUNCTION_TIMEOUT", "30"))
    began = time.time()
    _line(
        f"START RequestId: {request_id} Version: {os.environ.get('AWS_LAMBDA_FUNCTION_VERSION', '$LATEST')}"
    )
    try:
        answer = function(event, Context(request_id, deadline_s=began + timeout_s))
        json.dumps(answer)
    except Exception as error:  # noqa: BLE001 - the platform reports whatever a handler raises
        answer = failure(error, request_id)
        _line(f"[ERROR] {answer['errorType']}: {answer['errorMessage']}\n{''.join(answer['stackTrace'])}")
    spent_ms = (time.time() - began) * 1000
    _line(f"END RequestId: {request_id}")
    _line(f"REPORT RequestId: {request_id}\tDuration: {spent_ms:.2f} ms\tBilled Duration: {spent_ms:.0f} ms")
    return answer


def failure(error: Exception, request_id: str) -> dict[str, Any]:
    """Return an exception as AWS reports it."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": request_id,
        "stackTrace": traceback.format_list(frames),
    }


def main() -> None:
    """Load the handler and serve it."""
    port, handler = int(sys.argv[1]), sys.argv[2]
    # The handler's own code does not see it.
    Handler.secret = os.environ.pop(SECRET_VARIABLE)
    logging.basicConfig(format="[%(levelname)s]\t%(asctime)s\t%(message)s", stream=sys.stderr)
    module, _, name = handler.rpartition(".")
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    Handler.loaded = ThreadPoolExecutor(max_workers=1).submit(_load, module, name)
    server.serve_forever()


def _load(module: str, name: str) -> Function:
    """Return the handler; one that can't be loaded answers every call with the reason."""
    try:
        function: Function = getattr(importlib.import_module(module), name)
    except ImportError as error:
        unable = _runtime_error("ImportModuleError", f"Unable to import module '{module}': {error}")
        return lambda *_: _raise(unable)
    except AttributeError as error:
        missing = _runtime_error("HandlerNotFound", f"Handler '{name}' missing on module '{module}': {error}")
        return lambda *_: _raise(missing)
    except Exception as error:  # noqa: BLE001 - a module may raise anything while it is imported
        broken = error
        return lambda *_: _raise(broken)
    return function


def _runtime_error(kind: str, message: str) -> Exception:
    """Return an error of the platform, named as AWS names it."""
    error: Exception = type(f"Runtime.{kind}", (RuntimeError,), {})(message)
    return error


def _raise(error: Exception) -> None:
    raise error


def _line(text: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()

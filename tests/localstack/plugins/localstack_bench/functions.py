"""Functions as processes: what LocalStack starts a container for is a process here."""

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from . import surroundings

# The one function from an image; its Dockerfile says so.
IMAGE_HANDLER = "monitor_drift.handler.lambda_handler"
PROCESS = Path(__file__).with_name("function_process.py")
START_S = 60.0
REPORTED = {"errorType", "errorMessage", "requestId", "stackTrace"}


class ProcessExecutorPlugin(RuntimeExecutorPlugin):  # type: ignore[misc]  # LocalStack ships no types
    """Chosen by ``LAMBDA_RUNTIME_EXECUTOR=process``."""

    name = "process"

    def load(self, *args: object, **kwargs: object) -> type["ProcessExecutor"]:
        return ProcessExecutor


class ProcessExecutor(RuntimeExecutor):  # type: ignore[misc]  # LocalStack ships no types
    """One execution environment."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:
        super().__init__(id=id, function_version=function_version)
        self._process: subprocess.Popen[str] | None = None
        self._variables: dict[str, str] = {}
        self._port = 0
        self._lines: list[str] = []

    def start(self, env_vars: dict[str, Any]) -> None:
        """Start the handler's process and wait until it listens."""
        self._variables = {name: str(value) for name, value in env_vars.items()}
        config = self.function_version.config
        from_image = config.code is None
        self._port = surroundings.free_port()
        host = surroundings.project() / "local_cloud/engine/function_host.py"
        python = surroundings.project_python() if from_image else surroundings.function_python()
        handler = IMAGE_HANDLER if from_image else config.handler
        root, path = _code(config)
        self._process = surroundings.start(
            [python, "-P", str(PROCESS), str(host), str(self._port), handler],
            {
                **surroundings.inherited(),
                **self._variables,
                "PYTHONUNBUFFERED": "1",
                "LAMBDA_TASK_ROOT": str(root),
                "PYTHONPATH": ":".join(map(str, path)),
            },
            cwd=root,
        )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()
        self._wait()

    def invoke(self, payload: dict[str, Any]) -> InvocationResult:
        """Hand an event to the process; one that died is started again for the next event."""
        if self._process is None or self._process.poll() is not None:
            self.start(self._variables)
        self._lines.clear()
        request_id, timeout_s = payload["invoke-id"], int(self.function_version.config.timeout)
        try:
            body = self._post(payload["payload"], request_id, timeout_s=timeout_s)
        except TimeoutError:
            self._kill()
            body = _failure("Sandbox.Timedout", f"{request_id} Task timed out after {timeout_s}.00 seconds")
        except (OSError, http.client.HTTPException) as err:
            body = _failure("Runtime.ExitError", f"RequestId: {request_id} Error: {err}")
        time.sleep(0.02)  # the last lines are still in the pipe
        is_error = _is_failure(json.loads(body))
        return InvocationResult(request_id, body, is_error=is_error, logs="\n".join(self._lines) + "\n")

    def _post(self, payload: str, request_id: str, *, timeout_s: float) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=timeout_s)
        with contextlib.closing(connection):
            connection.request(
                "POST",
                "/2015-03-31/functions/function/invocations",
                body=payload.encode(),
                headers={"X-Amzn-RequestId": request_id, "Connection": "close"},
            )
            return connection.getresponse().read()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.02)
        raise TimeoutError(f"{self.function_version.id.function_name} does not listen: {self._lines[-5:]}")

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._lines.append(line.rstrip("\n"))

    def _kill(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGUSR1)  # SIGKILL for what it runs

    def stop(self) -> None:
        """End the process."""
        self._kill()

    def get_logs(self) -> str:
        """Return what it has written since the last event."""
        return "\n".join(self._lines)

    def get_address(self) -> str:
        """Return where it is reached."""
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        """Return where it reaches LocalStack."""
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        """Return an address that nothing asks here."""
        return f"{surroundings.endpoint_url()}/_localstack_lambda/{self.id}"

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Unpack the code."""
        if function_version.config.code:
            function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Keep the code: LocalStack removes it with its own folders."""


def _code(config: Any) -> tuple[Path, list[Path]]:
    """Return the folder of a function's code, and all that it imports from, in AWS's order."""
    if config.code is None:
        folder = surroundings.project() / "lambdas"
        return folder, [folder, surroundings.project()]
    root = Path(config.code.get_unzipped_code_location())
    path = [root]
    for layer in config.layers or []:
        layer.code.prepare_for_execution()
        path.append(Path(layer.code.get_unzipped_code_location()) / "python")
    return root, path


def _failure(kind: str, message: str) -> bytes:
    return json.dumps(dict.fromkeys(REPORTED, "") | {"errorType": kind, "errorMessage": message}).encode()


def _is_failure(answer: object) -> bool:
    return isinstance(answer, dict) and answer.keys() >= REPORTED

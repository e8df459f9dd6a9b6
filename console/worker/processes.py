"""A step as a process of this machine: it ends with the worker, and leaves nothing behind."""

import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bikecast.names import TaskVariable
from console.settings import CLONE
from console.worker.logs import StepLog
from console.worker.messages import StepRequest

# Runs a command, and ends all that it started when its standard input ends: when the worker is gone.
INIT = CLONE / "local_cloud/engine/init.py"
GRACE_S = 30
COMMAND = (sys.executable, "-m", "training_job")


@dataclass(frozen=True)
class Launcher:
    """What every step's process gets.

    Attributes:
        environment: Of this machine, of the cloud and of the job's settings.
        command: What the steps' names are appended to.
    """

    environment: Mapping[str, str]
    command: Sequence[str] = COMMAND

    def start(self, request: StepRequest, log: StepLog) -> "StepProcess":
        """Start a step; the token goes by the environment, where no other user sees it."""
        given = {
            TaskVariable.TOKEN.value: request.token.get_secret_value(),
            TaskVariable.INPUT.value: request.step_input,
            "PYTHONUNBUFFERED": "1",
        }
        if request.execution is not None:
            given[TaskVariable.EXECUTION.value] = request.execution
        return StepProcess(
            [*self.command, *request.steps], environment={**self.environment, **given}, log=log
        )


class StepProcess:
    """One running step.

    Args:
        command: What to run.
        environment: Its variables.
        log: Where its lines go.
    """

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str], log: StepLog) -> None:
        self.log = log
        self._scratch = tempfile.TemporaryDirectory(prefix="bikecast-step-")
        scratch = {"TMPDIR": self._scratch.name, "HOME": environment.get("HOME", self._scratch.name)}
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(INIT), str(int(signal.SIGTERM)), str(GRACE_S), *command],
            env={**environment, **scratch},
            cwd=Path(self._scratch.name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C asks the worker, and the worker asks its steps
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def poll(self) -> int | None:
        """Return the exit code once it has ended and all its lines are taken."""
        code = self._process.poll()
        if code is None:
            return None
        self._reader.join(timeout=5)
        self._scratch.cleanup()
        return code

    def ask_to_stop(self) -> None:
        """Let it say that it was stopped."""
        if self._process.poll() is None:
            self._process.terminate()

    def kill(self) -> None:
        """End it and all that it started."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGUSR1)  # what stands for SIGKILL there

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.log.add(line)

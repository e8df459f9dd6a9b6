"""A container that is a process: created, started, stopped, waited for, restarted if it is a database."""

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import termios
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from local_cloud.engine.logs import STDERR, STDOUT, Log

NEVER = "0001-01-01T00:00:00Z"
_INIT = Path(__file__).with_name("init.py")
_STOP_GRACE_S = 10.0
_RESTART_DELAY_S = 0.5
_MAX_RESTARTS = 20


@dataclass(frozen=True)
class Launch:
    """What runs for an image: a command, its environment and how it likes to be stopped."""

    argv: list[str]
    environment: dict[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    restarts: bool = False
    cleanup: tuple[str, ...] = ()


@dataclass
class Container:
    """One container of the engine."""

    name: str
    body: dict[str, Any]
    launch: Launch
    scratch: Path
    ports: dict[str, int] = field(default_factory=dict)
    id: str = field(default_factory=lambda: secrets.token_hex(32))
    created: str = field(default_factory=lambda: _now())
    started: str = NEVER
    finished: str = NEVER
    status: str = "created"
    exit_code: int = 0
    log: Log = field(default_factory=Log)

    def __post_init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._changed = threading.Condition()
        self._stopping = False

    @property
    def pid(self) -> int:
        """The id of the container's first process, 0 when it doesn't run."""
        return self._process.pid if self._process and self.status == "running" else 0

    def start(self) -> None:
        """Start the process; a running container stays as it is."""
        with self._changed:
            if self.status == "running":
                return
            self._stopping = False
            self._spawn()
        threading.Thread(target=self._watch, daemon=True, name=f"watch-{self.name}").start()

    def stop(self, *, grace_s: float = _STOP_GRACE_S) -> None:
        """Ask the process to end, and end it after ``grace_s``."""
        self.kill(self.launch.stop_signal)
        if not self.wait(timeout_s=grace_s):
            self.kill(signal.SIGKILL)
            self.wait(timeout_s=_STOP_GRACE_S)

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the command; after SIGKILL nothing that it started stays behind."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            process = self._process
        if process is None or process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGUSR1 if number == signal.SIGKILL else number)

    def wait(self, *, timeout_s: float | None = None) -> bool:
        """Wait until the container has ended; return whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: self.status != "running", timeout_s)

    def settle(self, *, timeout_s: float = 1.0) -> None:
        """Wait until what the process has written is in the log, at most ``timeout_s``."""
        deadline = time.monotonic() + timeout_s
        while self._unread_bytes() and time.monotonic() < deadline:
            time.sleep(0.002)
        # The last line may have left the pipe and not reached the log yet.
        time.sleep(0.01)

    def _unread_bytes(self) -> int:
        process = self._process
        if process is None or self.status != "running":
            return 0
        sources = [source for source in (process.stdout, process.stderr) if source and not source.closed]
        waiting = [fcntl.ioctl(source, termios.FIONREAD, bytes(4)) for source in sources]
        return sum(int.from_bytes(count, sys.byteorder) for count in waiting)

    def ended(self) -> bool:
        """Whether the container ran and is over."""
        return self.status == "exited"

    def discard(self) -> None:
        """End the process and remove what it kept outside volumes."""
        self.kill()
        self.wait(timeout_s=_STOP_GRACE_S)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _spawn(self) -> None:
        self.scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
        init = [sys.executable, "-I", "-S", str(_INIT), str(int(self.launch.stop_signal)), str(_STOP_GRACE_S)]
        self._process = subprocess.Popen(
            [*init, *self.launch.argv],
            cwd=self.scratch,
            env=self.launch.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.status, self.started, self.finished = "running", _now(), NEVER

    def _watch(self) -> None:
        restarts = 0
        while True:
            code = self._run_out()
            if (
                not self.launch.restarts
                or restarts >= _MAX_RESTARTS
                or self._stopped_within(_RESTART_DELAY_S)
            ):
                return self._finish(code)
            restarts += 1
            print(f"{self.name} ended with {code}; starting it again", file=sys.stderr, flush=True)  # noqa: T201 - the engine's log is its standard error
            with self._changed:
                self._spawn()

    def _run_out(self) -> int:
        process = self._process
        assert process
        assert process.stdout
        assert process.stderr
        pumps = [
            threading.Thread(target=self._pump, args=(stream, source), daemon=True)
            for stream, source in ((STDOUT, process.stdout), (STDERR, process.stderr))
        ]
        for pump in pumps:
            pump.start()
        code = process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        for pump in pumps:
            pump.join(timeout=2)
        if self.launch.cleanup:
            subprocess.run(self.launch.cleanup, env=self.launch.environment, capture_output=True, check=False)
        return code if code >= 0 else 128 - code

    def _pump(self, stream: int, source: IO[bytes]) -> None:
        for line in source:
            self.log.append(stream, line)

    def _stopped_within(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._stopping, seconds)

    def _finish(self, code: int) -> None:
        with self._changed:
            self.exit_code, self.status, self.finished = code, "exited", _now()
            self._changed.notify_all()
        self.log.wake()


def _now() -> str:
    return datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

"""The first process of a "container": runs the command, ends everything it started, dies with the engine.

usage: python -I -S init.py STOP_SIGNAL GRACE_S COMMAND...

Standard input is a pipe from the engine; its end means that the engine is gone, and then the
command is asked to stop. SIGUSR1 stands for SIGKILL, which could not be passed on. Standard
library only: it starts once per container and must be quick.
"""

import ctypes
import os
import select
import signal
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_NOT_FOUND = 127


def main() -> int:
    """Run the command to its end and return its exit code as a shell would give it."""
    stop_signal, grace_s, command = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    child = _start(command)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, lambda received, _: _kill(child, received))
    signal.signal(signal.SIGUSR1, lambda *_: _kill(child, signal.SIGKILL))
    code = _wait(child, wake, stop_signal=stop_signal, grace_s=grace_s)
    _end_descendants()
    return code


def _start(command: list[str]) -> int:
    child = os.fork()
    if child:
        return child
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        os.execvp(command[0], command)  # noqa: S606 - the engine's image map names the command
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
        os._exit(_NOT_FOUND)


def _wait(child: int, wake: int, *, stop_signal: int, grace_s: float) -> int:
    watched, deadline = [0, wake], None
    while True:
        timeout = max(0.0, deadline - time.monotonic()) if deadline else None
        ready, _, _ = select.select(watched, [], [], timeout)
        if wake in ready:
            os.read(wake, 4096)
        if 0 in ready and not os.read(0, 4096):
            watched, deadline = [wake], time.monotonic() + grace_s
            _kill(child, stop_signal)
        if not ready and deadline:
            _kill(child, signal.SIGKILL)
            deadline = None
        code = _reap(child)
        if code is not None:
            return code


def _reap(child: int) -> int | None:
    """Collect every ended process; return the command's exit code once it is among them."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return _NOT_FOUND
        if pid == 0:
            return None
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return 128 - code if code < 0 else code


def _end_descendants() -> None:
    """Kill what the command left behind; orphans become our children, so this finds them all."""
    while True:
        for pid in _children():
            _kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    listing = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(pid) for pid in listing.read_text().split()] if listing.exists() else []


def _kill(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())

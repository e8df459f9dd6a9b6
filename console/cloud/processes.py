"""Running a program with its whole output in a log file and its progress line by line."""

import os
import queue
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from console.errors import CommandError

TAIL_LINES = 12
TICK_S = 1.0


def run_logged(
    command: Sequence[str],
    *,
    log_path: Path,
    cwd: Path,
    environment: Mapping[str, str],
    on_line: Callable[[str], None],
) -> None:
    """Run a program to its end; ``on_line`` gets each line, and the last one again every second of silence.

    Raises:
        CommandError: It ended with another status than 0, or is not installed.
    """
    log_path.parent.mkdir(parents=True, exist_ok=True)
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    with log_path.open("w") as log:
        process = _start(command, cwd=cwd, environment=environment)
        try:
            _pump(process, log=log, tail=tail, on_line=on_line)
        except BaseException:
            _stop_group(process)
            raise
    if process.returncode != 0:
        lines = "\n".join(f"    {line}" for line in tail)
        message = f"`{' '.join(command)}` ended with status {process.returncode}:\n{lines}"
        raise CommandError(message, log_path=log_path)


def _start(command: Sequence[str], *, cwd: Path, environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    try:
        return subprocess.Popen(
            list(command),
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except FileNotFoundError as err:
        raise CommandError(f"`{command[0]}` is not installed: run `make setup`") from err


def _pump(
    process: "subprocess.Popen[str]", *, log: IO[str], tail: deque[str], on_line: Callable[[str], None]
) -> None:
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read_lines, args=(process, lines), daemon=True).start()
    last = ""
    while True:
        try:
            line = lines.get(timeout=TICK_S)
        except queue.Empty:
            on_line(last)
            continue
        if line is None:
            break
        last = line
        log.write(line + "\n")
        log.flush()
        tail.append(line)
        on_line(line)
    process.wait()


def _read_lines(process: "subprocess.Popen[str]", lines: "queue.Queue[str | None]") -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line.rstrip())
    lines.put(None)


def _stop_group(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()

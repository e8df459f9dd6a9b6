"""Programs run with their output kept and their failure told."""

import os
import sys
from pathlib import Path

import pytest

from console.cloud.processes import run_logged
from console.errors import CommandError


def run(tmp_path: Path, program: str) -> list[str]:
    lines: list[str] = []
    run_logged(
        [sys.executable, "-c", program],
        log_path=tmp_path / "logs" / "program.log",
        cwd=tmp_path,
        environment=os.environ,
        on_line=lines.append,
    )
    return lines


def test_every_line_is_told_and_kept(tmp_path: Path) -> None:
    lines = run(tmp_path, "import sys; print('one'); print('two', file=sys.stderr)")
    assert set(lines) == {"one", "two"}
    assert set((tmp_path / "logs" / "program.log").read_text().split()) == {"one", "two"}


def test_a_failure_brings_the_last_lines_and_the_log(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="status 3") as caught:
        run(tmp_path, "print('no room left'); raise SystemExit(3)")
    assert "no room left" in str(caught.value)
    assert caught.value.log_path == tmp_path / "logs" / "program.log"


def test_a_missing_program_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="make setup"):
        run_logged(
            ["no-such-program"],
            log_path=tmp_path / "log",
            cwd=tmp_path,
            environment=os.environ,
            on_line=lambda line: None,
        )


def test_silence_is_told_too(tmp_path: Path) -> None:
    lines = run(tmp_path, "import time; print('working', flush=True); time.sleep(2.5)")
    assert lines.count("working") >= 2

"""Commands where no cloud runs: each says so in one sentence that names what to start, and starts nothing."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bikecast.errors import DeploymentError
from console.__main__ import app

COMMANDS = [
    "champion",
    "backup somewhere",
    "close 1 --reason over",
    "cost",
    "decisions",
    "drift --from 2025-01-06 --to 2025-01-12",
    "forecast",
    "incidents",
    "incidents --refresh",
    "lineage 1",
    "load --months 2024-01",
    "logs predict --since 1h",
    "monitor show",
    "outlook",
    "predict --tmax 61 --tmin 44",
    "predict --from 2025-03-01 --to 2025-03-31",
    "redrive",
    "reject",
    "approve",
    "restore somewhere",
    "resume --reason over",
    "rollback",
    "runs",
    "runs train-1 --follow",
    "stop train-1",
    "train --trials 3 --workers 1",
]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_names_what_to_start(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIKECAST_LOCAL_STATE_DIR", str(tmp_path))
    monkeypatch.delenv("BIKECAST_TARGET", raising=False)
    ended = CliRunner().invoke(app, line.split())
    assert isinstance(ended.exception, DeploymentError)
    assert "bikecast up" in str(ended.exception)
    assert list(tmp_path.iterdir()) == []

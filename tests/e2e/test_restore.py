"""The drill of a loss: backup, nothing left, a new deployment, and the same champion answers again."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deployment import Deployment, deployed

pytestmark = [pytest.mark.e2e, pytest.mark.on_demand]
QUESTION = ("predict", "--date", "2025-03-28 08:00", "--tmax", "61", "--tmin", "44", "--snow", "0")


@pytest.fixture(scope="module")
def trained() -> Iterator[Deployment]:
    with deployed(logs="restore-logs") as cloud:
        cloud.bikecast("load", "--simulate")
        cloud.bikecast("train", "--trials", "2", "--workers", "1")
        yield cloud


def test_after_everything_is_lost_a_backup_brings_the_same_champion_back(
    trained: Deployment, tmp_path: Path
) -> None:
    before = facts(trained)
    saved = trained.bikecast("backup", str(tmp_path / "backup"))
    trained.bikecast("down")
    shutil.rmtree(trained.state_dir)
    trained.state_dir.mkdir()
    trained.bikecast("up")
    trained.bikecast("deploy")
    del trained.outputs
    assert trained.bikecast("restore", str(tmp_path / "backup"))["objects"] == saved["objects"]
    assert facts(trained) == before
    assert trained.bikecast("restore", str(tmp_path / "backup"), expect=2)["error"] == "InputError"
    # The registry, too, is whole: a model is trained, judged against this champion and recorded.
    trained.bikecast("train", "--trials", "1", "--workers", "1")
    assert len(trained.bikecast("decisions")) == 2


def facts(cloud: Deployment) -> dict[str, Any]:
    """What must be the same after the loss."""
    buckets = cloud.outputs["buckets"]
    names = {name: role for role, name in buckets.items()}
    [(location,)] = cloud.sql("select artifact_location from mlflow.experiments where name = 'bikecast'")
    return {
        "champion": cloud.champion(),
        "answer": cloud.bikecast(*QUESTION)["predictions"],
        "decisions": cloud.bikecast("decisions"),
        "artifacts": names[location.split("/")[2]],
        "runs": cloud.sql("select run_uuid, status from mlflow.runs order by 1"),
    }

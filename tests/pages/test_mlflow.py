"""MLflow for people, as it runs: on a registry that its database role can only read."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from pydantic import SecretStr

from bikecast.database import DatabaseSettings, sqlalchemy_url
from bikecast.names import DatabaseRole, Schema
from console.pages.settings import PageSettings
from tests.deployment import eventually, free_ports
from tests.roles import log_in_as
from training_job.migrations import migrate

LOGIN = ("bikecast", "a password of its own")


@pytest.fixture
def reader_url(database: DatabaseSettings) -> str:
    """A registry with one run, made by its owner; who reads it comes later."""
    migrate(database)
    owner = MlflowClient(sqlalchemy_url(database, schema=Schema.MLFLOW))
    owner.create_run(owner.create_experiment("bikecast"), run_name="train-1")
    return sqlalchemy_url(log_in_as(DatabaseRole.REGISTRY_READER, database), schema=Schema.MLFLOW)


@pytest.fixture
def page(reader_url: str, tmp_path: Path) -> Iterator[str]:
    settings = PageSettings(
        port=free_ports(1)[0],
        user=LOGIN[0],
        password=SecretStr(LOGIN[1]),
        registry_url=SecretStr(reader_url),
        artifact_root=tmp_path.as_uri(),
    )
    command = [sys.executable, "-m", "console.pages", "mlflow"]
    server = subprocess.Popen(command, env={**os.environ, **settings.environment()})
    url = f"http://127.0.0.1:{settings.port}"
    try:
        eventually(_answers(url), timeout_s=120)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=30)


def _answers(url: str) -> Callable[[], bool]:
    def answers() -> bool:
        try:
            return httpx.get(url).status_code == 401
        except httpx.TransportError:
            return False

    return answers


def test_who_knows_the_login_reads_and_nobody_writes(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    strangers = httpx.get(f"{page}/api/2.0/mlflow/experiments/search?max_results=9")
    assert strangers.status_code == 401
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", LOGIN[0])
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", LOGIN[1])
    client = MlflowClient(page)
    (experiment,) = [each for each in client.search_experiments() if each.name == "bikecast"]
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_name == "train-1"
    with pytest.raises(MlflowException, match="only shows"):
        client.set_tag(run.info.run_id, "stage", "Production")
    with pytest.raises(MlflowException, match="only shows"):
        client.create_experiment("elsewhere", artifact_location="file:///tmp")
    written = httpx.put(f"{page}/api/2.0/mlflow-artifacts/artifacts/a.pkl", content=b"x", auth=LOGIN)
    assert written.status_code == 403


def test_past_the_page_the_database_refuses_too(reader_url: str) -> None:
    client = MlflowClient(reader_url)
    (experiment,) = [each for each in client.search_experiments() if each.name == "bikecast"]
    with pytest.raises(MlflowException, match="permission denied"):
        client.set_experiment_tag(experiment.experiment_id, "stage", "Production")

"""The registered model where this project was never seen: MLflow and the listed requirements alone."""

import json
import os
import socket
import subprocess
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import mlflow
import numpy as np
import pytest
from mlflow.tracking import MlflowClient

from bikecast.names import MODEL_NAME, Alias
from tests.deployment import eventually
from tests.training_job.world import folder_context
from tests.unit.serving import world
from training_job.registry.mlflow_registry import MlflowRegistry
from training_job.registry.protocol import ServedModel
from use_cases.citibike.features import FEATURE_NAMES
from use_cases.citibike.model.forecaster import Forecaster, OnnxModel
from use_cases.citibike.model.level import LevelState

pytestmark = [pytest.mark.on_demand, pytest.mark.timeout(1200)]
URI = f"models:/{MODEL_NAME}@{Alias.CHAMPION}"
SCRIPT = """
import json, sys
import mlflow
import pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model(sys.argv[2])
rows = pd.DataFrame(json.load(open(sys.argv[3])))
print(json.dumps(model.predict(rows).tolist()))
"""


@dataclass(frozen=True)
class Elsewhere:
    """A clean environment, the registry's address, rows of features, and what the API says of them."""

    python: Path
    tracking_uri: str
    rows: list[dict[str, float]]
    expected: list[float]
    folder: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the environment's Python in an empty folder, with nothing of ours in sight."""
        return subprocess.run(
            [str(self.python), *arguments],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def environment(self) -> dict[str, str]:
        """Return the variables of a new user's shell."""
        path = f"{self.python.parent}:/usr/bin:/bin"
        uri = {"MLFLOW_TRACKING_URI": self.tracking_uri}
        return {"PATH": path, "HOME": str(self.folder), "MLFLOW_DISABLE_TELEMETRY": "true"} | uri


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    folder = tmp_path_factory.mktemp("elsewhere")
    tracking_uri = f"sqlite:///{folder / 'mlflow.db'}"
    mlflow.set_tracking_uri(tracking_uri)
    expected, features = _register(folder)
    requirements = mlflow.pyfunc.get_model_dependencies(URI)
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "-q", "-r", requirements], check=True)
    rows = [dict(zip(FEATURE_NAMES, map(float, row), strict=True)) for row in features]
    empty = folder / "empty"
    empty.mkdir()
    (empty / "rows.json").write_text(json.dumps(rows))
    return Elsewhere(python, tracking_uri, rows, expected, empty)


def _register(folder: Path) -> tuple[list[float], Any]:
    hours = world.HOURS[:240]
    actual = np.full(hours.shape, 130.0)
    features = (
        np.full((5, len(FEATURE_NAMES)), 40.0, dtype=np.float32) + np.arange(5, dtype=np.float32)[:, None]
    )
    level = LevelState().updated(hours, actual, np.full(hours.shape, 100.0))
    forecaster = Forecaster(OnnxModel(world.graph(2.0)), level, world.interval())
    model = ServedModel(
        graph=world.graph(2.0),
        bias_correction=level.latest_factor(),
        floor=1.0,
        example=features,
        feature_names=FEATURE_NAMES,
        optional_features=("PRCP", "AWND", "SNWD"),
        training_set=("s3://data/set.parquet", "d" * 64),
    )
    registry = MlflowRegistry(MlflowClient(), folder_context(folder))
    version = registry.register(MODEL_NAME, run_id="0" * 32, model=model, tags={})
    registry.set_alias(MODEL_NAME, Alias.CHAMPION, version)
    return forecaster.predict_features(features).values.tolist(), features


def test_it_loads_with_its_requirements_alone_and_answers_as_the_api_does(elsewhere: Elsewhere) -> None:
    assert elsewhere.run("-c", "import training_job").returncode != 0
    assert elsewhere.run("-c", "import bikecast").returncode != 0
    done = elsewhere.run("-c", SCRIPT, elsewhere.tracking_uri, URI, "rows.json")
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == pytest.approx(elsewhere.expected, rel=1e-6)


def test_mlflow_serves_it_with_the_same_numbers(elsewhere: Elsewhere) -> None:
    with _served(elsewhere) as url:
        answer = httpx.post(f"{url}/invocations", json={"dataframe_records": elsewhere.rows}, timeout=60)
        assert answer.status_code == 200, answer.text
        assert answer.json()["predictions"] == pytest.approx(elsewhere.expected, rel=1e-6)
        body = {"dataframe_records": elsewhere.rows, "params": {"bias_correction": 1.0}}
        plain = httpx.post(f"{url}/invocations", json=body, timeout=60).json()["predictions"]
        assert plain == pytest.approx([80.0, 82.0, 84.0, 86.0, 88.0])


@contextmanager
def _served(elsewhere: Elsewhere) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["-m", "mlflow", "models", "serve", "-m", URI, "--env-manager", "local", "--port", str(port)]
    process = subprocess.Popen(
        [str(elsewhere.python), *command],
        cwd=elsewhere.folder,
        env=elsewhere.environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: _is_up(url), timeout_s=120)
        yield url
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ping", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False

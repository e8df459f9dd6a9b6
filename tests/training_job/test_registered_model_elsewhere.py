"""The registered model where this project was never seen: MLflow and the listed requirements alone."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
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
from bikecast.use_case.rows import columns_of_rows, row_model
from tests.deployment import eventually
from tests.postgres import Server
from tests.training_job.test_rows import Listed, simulated_place
from tests.training_job.world import folder_context
from tests.unit.serving import world
from training_job.registry.mlflow_registry import MlflowRegistry
from training_job.registry.protocol import ServedModel
from training_job.steps import promote
from use_cases.citibike.features import FEATURE_NAMES
from use_cases.citibike.model.forecaster import Forecaster, OnnxModel
from use_cases.citibike.model.level import LevelState

pytestmark = [pytest.mark.on_demand, pytest.mark.timeout(1200)]
SCRIPT = """
import json, sys
import mlflow
import pandas as pd
model = mlflow.pyfunc.load_model(sys.argv[1])
answer = model.predict(pd.DataFrame(json.load(open(sys.argv[2]))))
print(answer.to_json(orient="records") if hasattr(answer, "to_json") else json.dumps(answer.tolist()))
"""


@dataclass(frozen=True)
class Registered:
    """A champion: its files as MLflow hands them out, rows of features, and what the API says of them."""

    model: Path
    rows: list[dict[str, float]]
    expected: list[Any]


@dataclass(frozen=True)
class Elsewhere:
    """An empty folder with an environment of the champion's listed requirements alone."""

    python: Path
    champion: Registered
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
        return {"PATH": path, "HOME": str(self.folder), "MLFLOW_DISABLE_TELEMETRY": "true"}


def hourly_demand(folder: Path, _: Server) -> Registered:
    """Register a champion of hourly demand; the API's answer is the forecaster's."""
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
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    registry = MlflowRegistry(MlflowClient(), folder_context(folder))
    version = registry.register(MODEL_NAME, run_id="0" * 32, model=model, tags={})
    registry.set_alias(MODEL_NAME, Alias.CHAMPION, version)
    rows = [dict(zip(FEATURE_NAMES, map(float, row), strict=True)) for row in features]
    return Registered(_files(MODEL_NAME, folder), rows, forecaster.predict_features(features).values.tolist())


def persons(folder: Path, postgres: Server) -> Registered:
    """Load, train and promote a declared use case, and ask its API about rows."""
    place = simulated_place("obesity", folder, postgres)
    use_case = place.use_case
    place.step("load_files", {})
    job = place.retrain("first")
    assert promote.run(place.context, job)["decision"] == "promoted"
    inputs = [use_case.example_rows[0] | {"Weight": weight} for weight in (48.0, 81.7, 105.0, 140.0)]
    answer = place.application(Listed()).post("/predict", json={"input_data": inputs})
    checked = [row_model(use_case).model_validate(row) for row in inputs]
    features = use_case.features.build(columns_of_rows(use_case, checked).columns)
    rows = [dict(zip(use_case.features.names, map(float, row), strict=True)) for row in features]
    expected = [row["probabilities"] for row in answer.json()["predictions"]]
    return Registered(_files(use_case.model_name, folder), rows, expected)


def _files(name: str, folder: Path) -> Path:
    source = f"models:/{name}@{Alias.CHAMPION}"
    return Path(mlflow.artifacts.download_artifacts(source, dst_path=str(folder / "champion")))


@pytest.fixture(scope="module", params=[hourly_demand, persons])
def elsewhere(
    request: pytest.FixtureRequest, postgres: Server, tmp_path_factory: pytest.TempPathFactory
) -> Elsewhere:
    make: Callable[[Path, Server], Registered] = request.param
    folder = tmp_path_factory.mktemp("elsewhere")
    champion = make(folder, postgres)
    environment, uv = folder / "venv", Path(sys.executable).with_name("uv")
    python = environment / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, environment], check=True)
    listed = ["--requirement", str(champion.model / "requirements.txt")]
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *listed], check=True)
    empty = folder / "empty"
    empty.mkdir()
    (empty / "rows.json").write_text(json.dumps(champion.rows))
    return Elsewhere(python, champion, empty)


def test_it_loads_with_its_requirements_alone_and_answers_as_the_api_does(elsewhere: Elsewhere) -> None:
    for package in ("training_job", "bikecast", "use_cases"):
        assert elsewhere.run("-c", f"import {package}").returncode != 0
    done = elsewhere.run("-c", SCRIPT, str(elsewhere.champion.model), "rows.json")
    assert done.returncode == 0, done.stderr[-3000:]
    _require_same(json.loads(done.stdout.splitlines()[-1]), elsewhere.champion.expected)


def test_mlflow_serves_it_with_the_same_numbers(elsewhere: Elsewhere) -> None:
    body: dict[str, Any] = {"dataframe_records": elsewhere.champion.rows}
    with _served(elsewhere) as url:
        answer = httpx.post(f"{url}/invocations", json=body, timeout=60)
        assert answer.status_code == 200, answer.text
        _require_same(answer.json()["predictions"], elsewhere.champion.expected)
        if isinstance(elsewhere.champion.expected[0], float):
            body["params"] = {"bias_correction": 1.0}
            plain = httpx.post(f"{url}/invocations", json=body, timeout=60).json()["predictions"]
            assert plain == pytest.approx([80.0, 82.0, 84.0, 86.0, 88.0])


def _require_same(found: list[Any], expected: list[Any]) -> None:
    """Probabilities are rounded to four digits by the API."""
    if isinstance(expected[0], Mapping):
        assert len(found) == len(expected)
        assert all(got == pytest.approx(want, abs=6e-5) for got, want in zip(found, expected, strict=True))
    else:
        assert found == pytest.approx(expected, rel=1e-6)


@contextmanager
def _served(elsewhere: Elsewhere) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    model = str(elsewhere.champion.model)
    command = ["-m", "mlflow", "models", "serve", "-m", model, "--env-manager", "local", "--port", str(port)]
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

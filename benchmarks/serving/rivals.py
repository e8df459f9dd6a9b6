"""Servers with the same model: BentoML as the predecessor ran it, and ``mlflow models serve``.

Each is installed, compiled, into a throw-away environment of its own.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.serving.timing import Timing, timed

START_LIMIT_S = 300
STARTS = 3
BENTOML = ("bentoml==1.4.39", "xgboost-cpu==3.2.0", "scikit-learn", "pandas>=2.3,<3.1")
MLFLOW = ("mlflow==3.17.2", "xgboost-cpu==3.2.0")
SERVICE = """
import bentoml, numpy as np, pandas as pd, xgboost
@bentoml.service(resources={"cpu": "1"}, workers=1, traffic={"timeout": 30})
class Rival:
    def __init__(self) -> None:
        self.model = xgboost.XGBRegressor()
        self.model.load_model("model.ubj")
    @bentoml.api()
    def predict(self, input_data: list[dict]) -> dict:
        found = self.model.predict(pd.DataFrame(input_data).astype("float32"))
        return {"predictions": [{"model": "rival", "prediction": float(v)} for v in found]}
"""


@dataclass(frozen=True)
class Rival:
    """A server's name, how to start it on ``{port}``, and what to ask."""

    name: str
    command: list[str]
    folder: Path
    path: str
    key: str
    environment: dict[str, str]


Make = Callable[[Path, Path], Rival]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def median(seconds: list[float]) -> float:
    """Return the middle one of an odd number of measurements."""
    return sorted(seconds)[len(seconds) // 2]


def bentoml(booster: Path, folder: Path) -> Rival:
    """Install and describe BentoML."""
    python = _environment(folder, BENTOML)
    (folder / "service.py").write_text(SERVICE)
    shutil.copy(booster, folder / "model.ubj")
    command = [str(python), "-m", "bentoml", "serve", "service:Rival", "--port", "{port}"]
    command += ["--host", "127.0.0.1"]
    environment = {"DO_NOT_TRACK": "1", "BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(folder / "home")}
    return Rival("BentoML", command, folder, "/predict", "input_data", environment)


def mlflow(booster: Path, folder: Path) -> Rival:
    """Install MLflow and save the model the way it serves it."""
    python = _environment(folder, MLFLOW)
    code = (
        "import mlflow.xgboost, xgboost, sys; m = xgboost.XGBRegressor(); m.load_model(sys.argv[1]);"
        " mlflow.xgboost.save_model(m, sys.argv[2], pip_requirements=['xgboost-cpu'])"
    )
    model = folder / "model"
    subprocess.run(
        [str(python), "-c", code, str(booster), str(model)], check=True, capture_output=True, cwd=folder
    )
    command = [str(python.with_name("mlflow")), "models", "serve", "-m", str(model)]
    command += ["-p", "{port}", "-h", "127.0.0.1", "--env-manager", "local"]
    environment = {"MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"}
    return Rival("mlflow models serve", command, folder, "/invocations", "dataframe_records", environment)


def _environment(folder: Path, packages: tuple[str, ...]) -> Path:
    """Make an environment with the packages and return its interpreter."""
    folder.mkdir()
    python = folder / "venv" / "bin" / "python"
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(folder / "venv")], check=True)
    install = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", str(python), *packages]
    subprocess.run(install, check=True)
    return python


def measure(rival: Rival, rows: list[dict[str, float]], *, seconds: float) -> dict[str, Any]:
    """Start the server some times, ask it the last time, stop it.

    Raises:
        TimeoutError: It does not answer.
    """
    colds: list[float] = []
    for _ in range(STARTS):
        started_s = time.perf_counter()
        with _running(rival) as client:
            _until_ready(client, rival, rows)
            colds.append(time.perf_counter() - started_s)
            if len(colds) == STARTS:
                one, hundred = (_timed(client, rival, some, seconds) for some in (rows[:1], rows))
    return {"cold_start_s": median(colds), "one": one.as_dict(), "hundred": hundred.as_dict()}


@contextmanager
def _running(rival: Rival) -> Iterator[httpx.Client]:
    # Another one each time: workers of the last start may still be leaving.
    port = str(free_port())
    command = [part.replace("{port}", port) for part in rival.command]
    environment = os.environ | rival.environment
    environment["PATH"] = f"{Path(command[0]).parent}:{environment['PATH']}"
    with (rival.folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=rival.folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                yield client
        finally:
            os.killpg(process.pid, 15)
            process.wait(timeout=30)


def _until_ready(client: httpx.Client, rival: Rival, rows: list[dict[str, float]]) -> None:
    deadline_s = time.perf_counter() + START_LIMIT_S
    while time.perf_counter() < deadline_s:
        try:
            response = client.post(rival.path, json={rival.key: rows[:1]})
            if response.status_code == 200:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        time.sleep(0.02)
    raise TimeoutError(f"no answer in {START_LIMIT_S} s; it said {_last_words(rival)!r}")


def _last_words(rival: Rival) -> str:
    return (rival.folder / "server.log").read_text()[-500:]


def _timed(client: httpx.Client, rival: Rival, rows: list[dict[str, float]], seconds: float) -> Timing:
    body = json.dumps({rival.key: rows}).encode()
    headers = {"content-type": "application/json"}
    return timed(
        lambda: client.post(rival.path, content=body, headers=headers).raise_for_status(), seconds=seconds
    )

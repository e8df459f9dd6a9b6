"""A cloud with two months to choose from and two judged models, prepared once and put back for each run."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.drills.state import look
from tests.deployment import Deployment, free_ports

DAYS = ("--from", "2024-01-01", "--to", "2025-03-31")
SHIFT = "demand_level:2025-03-01:1"
TRAINING = ("train", "--trials", "2", "--workers", "1", "--start", "2024-06-01")
PORTS = tuple(f"BIKECAST_LOCAL_{name}PORT" for name in ("", "HTTPS_", "DATABASE_", "MLFLOW_", "EVIDENTLY_"))


@dataclass(frozen=True)
class Prepared:
    """A prepared cloud's ports, the executions that trained in it, the tables of either set of files."""

    ports: dict[str, str]
    executions: list[str]
    tables: list[dict[str, str]]


@contextmanager
def standing(folder: Path) -> Iterator[tuple[Deployment, Prepared]]:
    """Run the cloud of a folder in the state in which it was prepared, the first time after preparing it."""
    written = folder / "prepared.json"
    prepared = Prepared(**json.loads(written.read_text())) if written.exists() else _prepare(folder)
    written.write_text(json.dumps(asdict(prepared)))
    shutil.rmtree(folder / "state", ignore_errors=True)
    shutil.copytree(folder / "prepared", folder / "state", symlinks=True)
    cloud = _cloud(folder, prepared.ports)
    try:
        cloud.bikecast("up")
        cloud.bikecast("deploy")  # the code may be newer than what was prepared
        yield cloud, prepared
    finally:
        cloud.bikecast("down")


def files(folder: Path, index: int) -> Path:
    """Return one of the two sets of files; they differ in their last month."""
    return folder / f"files-{index}"


def _prepare(folder: Path) -> Prepared:
    shutil.rmtree(folder / "state", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    free = zip(PORTS, map(str, free_ports(len(PORTS))), strict=True)
    ports = {name: os.environ.get(name, port) for name, port in free}
    cloud = _cloud(folder, ports)
    try:
        cloud.bikecast("up")
        cloud.bikecast("deploy")
        tables = [_load(cloud, files(folder, 0)), _load(cloud, files(folder, 1), "--shift", SHIFT)]
        executions = [_train(cloud, seed=seed) for seed in (1, 2)]
    finally:
        cloud.bikecast("down")
    shutil.rmtree(folder / "prepared", ignore_errors=True)
    (folder / "state").rename(folder / "prepared")
    return Prepared(ports, executions, tables)


def _load(cloud: Deployment, place: Path, *more: str) -> dict[str, str]:
    if not place.exists():
        cloud.bikecast("simulate", str(place), *DAYS, *more)
    cloud.bikecast("load", str(place))
    return look(cloud).tables


def _train(cloud: Deployment, *, seed: int) -> str:
    name = cloud.bikecast(*TRAINING, "--seed", str(seed))["name"]
    machine = str(cloud.outputs["retrain_state_machine"])
    return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"


def _cloud(folder: Path, ports: dict[str, str]) -> Deployment:
    state = folder / "state"
    own = {
        "BIKECAST_LOCAL_STATE_DIR": str(state),
        "BIKECAST_LOCAL_PACKAGES_DIR": str(folder / "packages"),
    }
    return Deployment(env={**os.environ, **own, **ports}, state_dir=state, log=folder / "console.log")

"""First trainings of several use cases at once, in a database without Optuna's and MLflow's tables."""

import multiprocessing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bikecast import discovery
from bikecast.database import DatabaseSettings
from bikecast.names import Schema
from bikecast.storage import FolderStore
from training_job.migrations import first_alone, migrate
from training_job.tuning.search import load_search
from training_job.tuning.study import open_study

AT_ONCE = 6


def _open(database: DatabaseSettings, number: int) -> str:
    search = load_search(discovery.load("obesity").search)
    return open_study(database, f"train-{number}", search=search).study_name


def test_studies_that_are_opened_at_once_are_all_opened(database: DatabaseSettings) -> None:
    migrate(database)
    with multiprocessing.get_context("spawn").Pool(AT_ONCE) as pool:
        opened = pool.starmap(_open, [(database, number) for number in range(AT_ONCE)])
    assert sorted(opened) == [f"train-{number}" for number in range(AT_ONCE)]


def _open_run(database: DatabaseSettings, folder: Path, number: int) -> tuple[str, str]:
    from training_job.registry import tracking

    context: Any = SimpleNamespace(database=database, artifacts=FolderStore(folder))
    client = tracking.open_client(context)
    run = client.get_run(tracking.open_run(client, context, execution=f"train-{number}", tags={}))
    return str(run.info.run_name), str(run.info.experiment_id)


def test_runs_that_are_opened_at_once_are_all_in_one_experiment(
    database: DatabaseSettings, tmp_path: Path
) -> None:
    migrate(database)
    with multiprocessing.get_context("spawn").Pool(AT_ONCE) as pool:
        opened = pool.starmap(_open_run, [(database, tmp_path, number) for number in range(AT_ONCE)])
    assert sorted(name for name, _ in opened) == [f"train-{number}" for number in range(AT_ONCE)]
    assert len({experiment for _, experiment in opened}) == 1


@pytest.mark.timeout(60)
def test_a_schema_that_was_opened_once_is_opened_without_waiting_for_anybody(
    database: DatabaseSettings,
) -> None:
    migrate(database)
    with first_alone(database, Schema.OPTUNA, version="1"):
        pass
    with (
        first_alone(database, Schema.OPTUNA, version="2"),  # holds the lock, for it finds another version
        first_alone(database, Schema.OPTUNA, version="1"),
    ):
        pass

"""The first trainings of several use cases begin at once, in a database without any table of Optuna's."""

import multiprocessing

from bikecast.database import DatabaseSettings
from bikecast.use_case import registry
from training_job.migrations import migrate
from training_job.tuning.search import load_search
from training_job.tuning.study import open_study

AT_ONCE = 6


def _open(database: DatabaseSettings, number: int) -> str:
    search = load_search(registry.load("obesity").search)
    return open_study(database, f"train-{number}", search=search).study_name


def test_studies_that_are_opened_at_once_are_all_opened(database: DatabaseSettings) -> None:
    migrate(database)
    with multiprocessing.get_context("spawn").Pool(AT_ONCE) as pool:
        opened = pool.starmap(_open, [(database, number) for number in range(AT_ONCE)])
    assert sorted(opened) == [f"train-{number}" for number in range(AT_ONCE)]

"""Wall time to the same cross-validated RMSE: our search against the predecessor's way, in one run.

The predecessor's way: one process, ``cross_val_score`` refits every fold of every trial, nothing is pruned.
Ours: workers on one study in Postgres, median pruning after each fold. Both search XGBoost in the same space
with TPE and are judged on the same rolling-origin folds by the same pooled RMSE. A third run is our search
as it ships: all families, each one's known-good start first.

    python -m benchmarks.tuning --trials 20

Real data are used if ``BIKECAST_REAL_DATA`` names their folder, a made-up city otherwise.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
import pandas as pd

from bikecast.arrays import Array
from bikecast.backtest import Sample
from bikecast.database import DatabaseSettings
from bikecast.level import LevelState
from tests.postgres import Server
from tests.training_job import world as made_up
from training_job.context import SEARCH_FILE
from training_job.dataset import COLUMNS, read_hours, to_sample
from training_job.migrations import migrate
from training_job.search import Level, Search, load_search, split_params
from training_job.steps.tune import make_objective
from training_job.study import claimed, enqueue_starts, make_sampler, open_study

SEED = 42
FAMILY = "xgboost"


@dataclass(frozen=True)
class Course:
    """Best error so far after each judged trial, with the seconds since the start."""

    name: str
    seconds: list[float]
    best: list[float]

    def seconds_to(self, rmse: float) -> float | None:
        """Return when the error was first reached."""
        return next((s for s, b in zip(self.seconds, self.best, strict=True) if b <= rmse), None)


class Unlevelled(Level):
    """Judges the plain RMSE, as scikit-learn does."""

    def state(self) -> LevelState:
        return LevelState(lowest=1.0, highest=1.0)


def predecessors_way(sample: Sample, search: Search, *, trials: int) -> Course:
    """Search with ``cross_val_score`` in one process on all cores."""
    from sklearn.model_selection import cross_val_score
    from xgboost import XGBRegressor

    folds = [(np.flatnonzero(f.train), np.flatnonzero(f.valid)) for f in search.folds(sample.hours)]

    def objective(trial: optuna.Trial) -> float:
        for key, span in search.families[FAMILY].space.items():
            span.suggest(trial, f"{FAMILY}.{key}")
        _, params = split_params(trial.params | {"family": FAMILY})
        model = XGBRegressor(**params, n_jobs=os.cpu_count(), random_state=SEED)
        scores = cross_val_score(
            model, sample.features, sample.actual, cv=folds, scoring="neg_mean_squared_error"
        )
        return float(np.sqrt(-scores.mean()))

    study = optuna.create_study(sampler=make_sampler(search, seed=SEED))
    start = time.time()
    study.optimize(objective, n_trials=trials)
    return _course("cross_val_score, one process", study, start)


def our_way(
    sample: Sample, search: Search, *, trials: int, workers: int, database: DatabaseSettings, name: str
) -> Course:
    """Search with workers on one study."""
    study = open_study(database, name, search=search)
    if name == "as shipped":
        enqueue_starts(study, search)
    start = time.time()
    context = multiprocessing.get_context("spawn")
    jobs = [
        context.Process(target=_work, args=(sample, search, trials, database, name, n))
        for n in range(workers)
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    return _course(f"{name}, {workers} workers", study, start)


def _work(
    sample: Sample, search: Search, trials: int, database: DatabaseSettings, name: str, worker: int
) -> None:
    study = open_study(database, name, search=search)
    study.sampler = make_sampler(search, seed=SEED + 1000 * worker)
    objective = make_objective(sample, search, seed=SEED, keep=_forget)
    while claimed(study) < trials:
        study.optimize(objective, n_trials=1)


def _forget(trial: int, predicted: Array) -> None:
    """Nobody trains after a benchmark."""


def _course(name: str, study: optuna.Study, start: float) -> Course:
    done = [t for t in study.get_trials() if t.datetime_complete is not None]
    done.sort(key=lambda trial: trial.datetime_complete or 0)
    values = [t.value if t.state is optuna.trial.TrialState.COMPLETE and t.value else np.inf for t in done]
    seconds = [t.datetime_complete.timestamp() - start for t in done if t.datetime_complete]
    return Course(name, seconds, np.minimum.accumulate(values).tolist())


def read_sample() -> tuple[Sample, str]:
    """Return hours with features, and what they are."""
    folder = os.environ.get("BIKECAST_REAL_DATA")
    if folder is not None:
        return to_sample(read_year(Path(folder), 2024)), "New York 2024"
    with tempfile.TemporaryDirectory() as scratch:
        city = made_up.build(Path(scratch), DatabaseSettings(host="nowhere", user="nobody"))
        frame = read_hours(city.context.data, made_up.START, made_up.END)
    return to_sample(frame), "a made-up city (simulated)"


def read_year(folder: Path, year: int) -> pd.DataFrame:
    """Return one year of the real files, one row an hour, as the steps would read it."""
    parts = pd.read_parquet(folder / f"nyc/citibike/{year}-citibike-tripdata.parquet")
    parts = parts[parts["date"].dt.year == year]
    hourly = parts.groupby(["date", "hour"], as_index=False).agg({"trips": "sum", "holiday": "max"})
    weather = pd.read_parquet(folder / f"nyc/weather_raw/{year}-weather.parquet")
    frame = hourly.merge(weather, left_on="date", right_on="DATE")
    frame["timestamp"] = frame["date"] + pd.to_timedelta(frame["hour"], unit="h")
    ordered: pd.DataFrame = frame.sort_values("timestamp", ignore_index=True)[list(COLUMNS)]
    return ordered


def main() -> None:
    """Run the three searches and print their courses."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sample, what = read_sample()
    shipped = load_search(SEARCH_FILE)
    plain = shipped.model_copy(
        update={
            "level": Unlevelled(half_life_days=1, horizon_hours=0),
            "families": {FAMILY: shipped.families[FAMILY]},
        }
    )
    everything = plain.model_copy(update={"families": shipped.families})
    with tempfile.TemporaryDirectory() as folder:
        database = _start(Path(folder))
        ours: Callable[..., Course] = lambda search, name: our_way(  # noqa: E731
            sample, search, trials=options.trials, workers=options.workers, database=database[1], name=name
        )
        courses = [
            predecessors_way(sample, plain, trials=options.trials),
            ours(plain, "same space"),
            ours(everything, "as shipped"),
        ]
        database[0].stop()
    print_courses(courses, what=what, rows=sample.hours.size)


def _start(folder: Path) -> tuple[Server, DatabaseSettings]:
    server = Server(folder)
    server.initialise()
    server.start()
    settings = server.create_database()
    migrate(settings)
    return server, settings


def print_courses(courses: list[Course], *, what: str, rows: int) -> None:
    """Print when each search first reached the error that all of them reach."""
    reached = max(course.best[-1] for course in courses)
    print(f"{what}, {rows} hours, {os.cpu_count()} cores; RMSE that all reach: {reached:.0f}")
    for course in courses:
        print(
            f"  {course.name:32s} {course.seconds_to(reached):7.1f} s to it, {course.seconds[-1]:7.1f} s "
            f"for {len(course.best)} trials, best {course.best[-1]:.0f}"
        )


if __name__ == "__main__":
    main()

"""The two ways to search: theirs, one process that refits everything, and ours, workers on one study."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import optuna

from benchmarks.tuning.courses import Course, Start, finish
from bikecast.arrays import Array
from bikecast.database import DatabaseSettings
from training_job.tuning.search import split_params
from training_job.tuning.study import claimed, enqueue_starts, make_sampler, open_study
from training_job.tuning.trials import make_objective
from use_cases.citibike.model.backtest import Sample
from use_cases.citibike.model.level import LevelState
from use_cases.citibike.steps.tune import judging
from use_cases.citibike.training.search import HourlySearch, Level

FAMILY = "xgboost"
FRESH = multiprocessing.get_context("spawn")


class Unlevelled(Level):
    """Judges the plain RMSE, as scikit-learn does."""

    def state(self) -> LevelState:
        return LevelState(lowest=1.0, highest=1.0)


@dataclass(frozen=True)
class Task:
    """What every way is given."""

    sample: Sample
    search: HourlySearch
    trials: int
    workers: int
    seed: int
    database: DatabaseSettings


def predecessors_way(task: Task, *, processes: int | None) -> Course:
    """Search with ``cross_val_score``; without ``processes`` on the library's own threads."""
    start = Start()
    with ProcessPoolExecutor(1, mp_context=FRESH) as pool:
        study = pool.submit(_cross_val_scores, task, processes).result()
    return finish(study, start)


def _cross_val_scores(task: Task, processes: int | None) -> optuna.Study:
    from joblib.externals.loky import get_reusable_executor

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=make_sampler(task.search, seed=task.seed))
    study.optimize(_refit_every_fold(task, processes), n_trials=task.trials)
    if processes is not None:
        get_reusable_executor().shutdown()  # or its idle processes keep ours for five minutes
    return study


def _refit_every_fold(task: Task, processes: int | None) -> Callable[[optuna.Trial], float]:
    from sklearn.model_selection import cross_val_score
    from xgboost import XGBRegressor

    sample, space = task.sample, task.search.families[FAMILY].space
    folds = [(np.flatnonzero(f.train), np.flatnonzero(f.valid)) for f in task.search.folds(sample.hours)]
    threads = None if processes is None else 1

    def objective(trial: optuna.Trial) -> float:
        for key, span in space.items():
            span.suggest(trial, f"{FAMILY}.{key}")
        _, params = split_params(trial.params | {"family": FAMILY})
        model = XGBRegressor(**params, n_jobs=threads, random_state=task.seed)
        errors = cross_val_score(
            model,
            sample.features,
            sample.actual,
            cv=folds,
            scoring="neg_mean_squared_error",
            n_jobs=processes,
        )
        return float(np.sqrt(-errors.mean()))

    return objective


def our_way(task: Task, *, name: str) -> Course:
    """Search with workers on one study."""
    start = Start()
    study = open_study(task.database, name, search=task.search)
    if len(task.search.families) > 1:
        enqueue_starts(study, task.search)
    with ProcessPoolExecutor(task.workers, mp_context=FRESH) as pool:
        for job in [pool.submit(_work, task, name, worker) for worker in range(task.workers)]:
            job.result()
    return finish(study, start)


def _work(task: Task, name: str, worker: int) -> None:
    study = open_study(task.database, name, search=task.search)
    study.sampler = make_sampler(task.search, seed=task.seed + 1000 * worker)
    objective = make_objective(judging(task.sample, task.search), task.search, seed=task.seed, keep=_forget)
    while claimed(study) < task.trials:
        study.optimize(objective, n_trials=1)


def _forget(trial: int, predicted: Array) -> None:
    """Nobody trains after a benchmark."""

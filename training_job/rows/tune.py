"""Step ``tune`` of declared use cases: one worker that runs trials of the shared study."""

from collections.abc import Callable, Mapping
from typing import Any

import optuna

from bikecast.arrays import Array
from bikecast.evaluation.backtest import out_of_fold
from bikecast.evaluation.splits import Fold
from bikecast.requests import parse_request
from bikecast.use_case import UseCase
from training_job.rows.case import RowCase
from training_job.runtime import training_sets
from training_job.runtime.context import Context
from training_job.runtime.handover import TrainJob, TuneJob
from training_job.tuning.predictions import TrialPredictions
from training_job.tuning.search import Search, load_search, split_params
from training_job.tuning.study import claimed, make_sampler, open_study, own_seed, publish_progress


def run(context: Context, use_case: UseCase, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the study's name, how many trials are done, and the best error."""
    job = parse_request(TuneJob, payload)
    search, seed = load_search(use_case.search), job.request.random_state
    study = open_study(context.database, job.execution, search=search)
    study.sampler = make_sampler(search, seed=own_seed(study, seed=seed, worker=job.worker))
    keep = TrialPredictions(context.artifacts, job.execution).write
    objective = make_objective(open_case(context, use_case, job), search, seed=seed, keep=keep)
    n_trials, metric = job.request.n_trials, use_case.metrics[0].error_title
    progress = publish_progress(context, study, n_trials=n_trials, metric=metric)
    while claimed(study) < n_trials:
        study.optimize(objective, n_trials=1)
        progress = publish_progress(context, study, n_trials=n_trials, metric=metric)
    return progress.model_dump(mode="json")


def open_case(context: Context, use_case: UseCase, job: TrainJob | TuneJob) -> RowCase:
    """Read the frozen training set."""
    frame = training_sets.read_frame(context.data, job.prepare.training_set_key)
    return RowCase.of(use_case, frame, job.request.split)


def make_objective(
    case: RowCase, search: Search, *, seed: int, keep: Callable[[int, Array], None]
) -> Callable[[optuna.Trial], float]:
    """Return the function that fits and judges one trial: the primary metric's error over all folds.

    Args:
        case: The rows and their folds.
        search: Families and spaces.
        seed: Of the fits.
        keep: Takes the number and the predictions of a trial that was not pruned.
    """

    def objective(trial: optuna.Trial) -> float:
        name = trial.suggest_categorical("family", list(search.families))
        for key, span in search.families[name].space.items():
            span.suggest(trial, f"{name}.{key}")
        chosen, params = split_params(trial.params)

        def report(fold: Fold, predicted: Array) -> None:
            trial.report(case.error(predicted), fold.number)
            if trial.should_prune():
                raise optuna.TrialPruned

        fit = case.fit_one(chosen, params, seed=seed)
        several = len(case.folds) > 1
        predicted = out_of_fold(case.everything, fit, case.folds, after_fold=report if several else None)
        keep(trial.number, predicted)
        return case.error(predicted)

    return objective

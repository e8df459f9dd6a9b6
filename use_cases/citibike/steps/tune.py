"""One worker of the search: trials on the shared study until it has as many as were asked for."""

from collections.abc import Callable, Mapping
from typing import Any

import optuna

from bikecast.arrays import Array
from bikecast.evaluation.splits import Fold
from bikecast.families import family
from bikecast.requests import parse_request
from training_job.runtime import training_sets
from training_job.runtime.context import Context
from training_job.runtime.handover import Prepared, TuneJob
from training_job.tuning.predictions import TrialPredictions
from training_job.tuning.search import split_params
from training_job.tuning.study import claimed, make_sampler, open_study, own_seed, publish_progress
from use_cases.citibike.model.backtest import Sample, leveled_rmse, out_of_fold
from use_cases.citibike.model.task import TASK
from use_cases.citibike.training import dataset
from use_cases.citibike.training.search import SEARCH_FILE, HourlySearch, load_hourly_search


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the study's name, how many trials are done, and the best error."""
    job = parse_request(TuneJob, payload)
    search, seed = load_hourly_search(context.search_file or SEARCH_FILE), job.request.random_state
    study = open_study(context.database, job.execution, search=search)
    study.sampler = make_sampler(search, seed=own_seed(study, seed=seed, worker=job.worker))
    keep = TrialPredictions(context.artifacts, job.execution).write
    objective = make_objective(tuning_sample(context, job.prepare), search, seed=seed, keep=keep)
    n_trials = job.request.n_trials
    told = publish_progress(context, study, n_trials=n_trials, metric="RMSE")
    while claimed(study) < n_trials:
        study.optimize(objective, n_trials=1)
        told = publish_progress(context, study, n_trials=n_trials, metric="RMSE")
    return told.model_dump(mode="json")


def tuning_sample(context: Context, prepared: Prepared) -> Sample:
    """Return the training window: everything before the holdout."""
    frame = training_sets.read_frame(context.data, prepared.training_set_key)
    sample = dataset.to_sample(frame)
    return sample.take(sample.hours < dataset.midnight(prepared.days()[1]))


def make_objective(
    sample: Sample, search: HourlySearch, *, seed: int, keep: Callable[[int, Array], None]
) -> Callable[[optuna.Trial], float]:
    """Return the function that fits and judges one trial: RMSE at its level over all folds.

    Args:
        sample: The training window.
        search: Families, spaces and folds.
        seed: Of the fits.
        keep: Takes the number and the predictions of a trial that was not pruned.
    """
    folds, state = search.folds(sample.hours), search.level.state()

    def objective(trial: optuna.Trial) -> float:
        name = trial.suggest_categorical("family", list(search.families))
        for key, span in search.families[name].space.items():
            span.suggest(trial, f"{name}.{key}")
        chosen, params = split_params(trial.params)

        def report(fold: Fold, predicted: Array) -> None:
            trial.report(leveled_rmse(sample, predicted, state=state), fold.number)
            if trial.should_prune():
                raise optuna.TrialPruned

        def fit(part: Sample) -> Any:
            return family(chosen).fit(part.features, part.actual, task=TASK, params=params, seed=seed)

        predicted = out_of_fold(sample, fit, folds, after_fold=report)
        keep(trial.number, predicted)
        return leveled_rmse(sample, predicted, state=state)

    return objective

"""One worker of the search: trials on the shared study until it has as many as were asked for."""

from collections.abc import Mapping
from typing import Any

from bikecast.arrays import Array
from bikecast.requests import parse_request
from training_job.runtime import training_sets
from training_job.runtime.context import Context
from training_job.runtime.handover import Prepared, TuneJob
from training_job.tuning.predictions import TrialPredictions
from training_job.tuning.study import claimed, make_sampler, open_study, own_seed, publish_progress
from training_job.tuning.trials import Judging, make_objective
from use_cases.citibike.model.backtest import Sample, at_least_one_trip, leveled_rmse
from use_cases.citibike.model.task import TASK
from use_cases.citibike.training import dataset
from use_cases.citibike.training.search import SEARCH_FILE, HourlySearch, load_hourly_search


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the study's name, how many trials are done, and the best error."""
    job = parse_request(TuneJob, payload)
    search, seed = load_hourly_search(context.search_file or SEARCH_FILE), job.request.random_state
    study = open_study(context.database, job.execution, search=search)
    study.sampler = make_sampler(search, seed=own_seed(study, seed=seed, worker=job.worker))
    kept = TrialPredictions(context.artifacts, job.execution)

    def keep(trial: int, output: Array) -> None:
        kept.write(trial, at_least_one_trip(output))

    rows = judging(tuning_sample(context, job.prepare), search)
    objective = make_objective(rows, search, seed=seed, keep=keep)
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


def judging(sample: Sample, search: HourlySearch) -> Judging:
    """Return the training window and the RMSE at its level."""
    state = search.level.state()

    def error(output: Array) -> float:
        return leveled_rmse(sample, at_least_one_trip(output), state=state)

    return Judging(sample.features, sample.actual, TASK, search.folds(sample.hours), error)

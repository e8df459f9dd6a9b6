"""Step ``tune`` of declared use cases: one worker that runs trials of the shared study."""

from collections.abc import Mapping
from typing import Any

from bikecast.requests import parse_request
from bikecast.use_case import UseCase
from training_job.rows.case import RowCase
from training_job.runtime import training_sets
from training_job.runtime.context import Context
from training_job.runtime.handover import TrainJob, TuneJob
from training_job.tuning.predictions import TrialPredictions
from training_job.tuning.search import search_of
from training_job.tuning.study import claimed, make_sampler, open_study, own_seed, publish_progress
from training_job.tuning.trials import Judging, make_objective


def run(context: Context, use_case: UseCase, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the study's name, how many trials are done, and the best error."""
    job = parse_request(TuneJob, payload)
    search, seed = search_of(use_case), job.request.random_state
    study = open_study(context.database, job.execution, search=search)
    study.sampler = make_sampler(search, seed=own_seed(study, seed=seed, worker=job.worker))
    keep = TrialPredictions(context.artifacts, job.execution).write
    objective = make_objective(judging(open_case(context, use_case, job)), search, seed=seed, keep=keep)
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


def judging(case: RowCase) -> Judging:
    """Return the rows and the primary metric's error."""
    everything = case.everything
    return Judging(everything.features, everything.target, case.shape, case.folds, case.error)

"""Fit the challenger on the training window with what the search found, and hand its graph over."""

import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from mlflow.tracking import MlflowClient

from bikecast.arrays import Array
from bikecast.errors import JudgementError
from bikecast.evaluation.splits import Fold
from bikecast.families import Fitted, family
from bikecast.families.blend import Blend
from bikecast.families.fallback import WithFallback
from bikecast.requests import parse_request
from training_job.publication.following import clean_up
from training_job.registry import tracking
from training_job.runtime.context import Context
from training_job.runtime.handover import TrainJob
from training_job.tuning.predictions import TrialPredictions, write_out_of_fold
from training_job.tuning.search import split_params
from training_job.tuning.study import best_of_each_family, open_study, publish_progress
from use_cases.citibike.hourly_weather.learning.handover import train_hourly
from use_cases.citibike.model.backtest import (
    FEWEST_TRIPS,
    FOLDS_AT_ONCE,
    Fit,
    Sample,
    best_blend,
    blended,
    leveled_rmse,
    out_of_fold,
    with_level,
)
from use_cases.citibike.model.intervals import IntervalCalibration, calibrate, widened
from use_cases.citibike.model.task import (
    HIDDEN_COLUMNS,
    NIGHT_COLUMN,
    TASK,
    with_hidden_weather,
    with_repeated_night,
)
from use_cases.citibike.steps.tune import tuning_sample
from use_cases.citibike.training.challenger import Challenger, hand_over
from use_cases.citibike.training.judgement import Calibration
from use_cases.citibike.training.search import SEARCH_FILE, HourlySearch, load_hourly_search

logger = logging.getLogger(__name__)

Found = Mapping[str, Mapping[str, Any]]


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``Trained``.

    Raises:
        JudgementError: No trial was completed.
    """
    job = parse_request(TrainJob, payload)
    search = load_hourly_search(context.search_file or SEARCH_FILE)
    clean_up(context, job)
    client = tracking.open_client(context)
    tags = {"data_hash": job.prepare.data_hash, "code_version": context.code_version}
    run_id = tracking.open_run(client, context, execution=job.execution, tags=tags)
    study = open_study(context.database, job.execution, search=search)
    progress = publish_progress(context, study, n_trials=job.request.n_trials, metric="RMSE")
    sample = tuning_sample(context, job.prepare)
    with side_by_side() as pool:  # a fit takes one core, and what is logged waits for the database
        logged = pool.submit(tracking.log_trials, client, run_id, study.get_trials(deepcopy=False))
        more = pool.submit(train_hourly, context, job, sample, search=search)
        choice = _choose(context, study, sample, search)
        fitted = pool.submit(fit_final, sample, choice.params, seed=job.request.random_state)
        compared = pool.submit(_compare, sample, search)
        calibration = _calibrate(context, job, sample, choice, search)
        logged.result()
        _log_comparison(client, run_id, compared.result())
        _log_choice(client, run_id, choice, calibration)
        members = tuple(choice.params)
        challenger = Challenger(fitted.result(), calibration, members, run_id, more.result())
    return hand_over(context, job, challenger, sample, progress).model_dump(mode="json")


@contextmanager
def side_by_side() -> Iterator[ThreadPoolExecutor]:
    """Run what does not depend on each other at once; when one part fails, nobody waits for the others."""
    pool = ThreadPoolExecutor(FOLDS_AT_ONCE)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True)
class Choice:
    """The members with their hyperparameters, and their mean's rolling-origin predictions and error."""

    params: Found
    predicted: Array
    rmse: float


def _choose(context: Context, study: optuna.Study, sample: Sample, search: HourlySearch) -> Choice:
    """Blend the best trials of the families."""
    best = best_of_each_family(study)
    if not best:
        raise JudgementError(f"none of {len(study.trials)} trials was completed: read the workers' log")
    kept = TrialPredictions(context.artifacts, study.study_name)
    predictions = {name: kept.read(trial.number) for name, trial in best.items()}
    members, rmse = best_blend(sample, predictions, state=search.level.state())
    params = {name: split_params(best[name].params)[1] for name in members}
    return Choice(params, blended(predictions, members), rmse)


def _calibrate(
    context: Context, job: TrainJob, sample: Sample, choice: Choice, search: HourlySearch
) -> Calibration:
    """Learn the level from rolling origins, and interval widths from left-out blocks of all seasons."""
    seed = job.request.random_state
    _, level = with_level(sample, choice.predicted, state=search.level.state())
    fit = fit_blend(choice.params, seed=seed)
    interval, predicted = calibrate_interval(sample, choice.predicted, fit, search=search, seed=seed)
    write_out_of_fold(context.reports, job.execution, hours=sample.hours, predicted=predicted)
    return Calibration(level=level, interval=interval, cv_rmse=choice.rmse)


def calibrate_interval(
    sample: Sample, rolling: Array, fit: Fit, *, search: HourlySearch, seed: int
) -> tuple[IntervalCalibration, Array]:
    """Return the interval and the left-out predictions that it was calibrated on.

    One fold is predicted by a fallback without optional weather, so that its wider errors are known too.
    """
    folds, state = search.calibration.folds_of(sample.hours), search.level.state()
    with side_by_side() as pool:
        lacking = pool.submit(_without_optional_weather, sample, folds[0], fit, seed=seed)
        predicted = out_of_fold(sample, fit, folds)
        bare, fallback = lacking.result()
    at_level, _ = with_level(sample, predicted, state=state)
    ahead, _ = with_level(sample, rolling, state=state)
    interval = calibrate(
        np.vstack([sample.features, bare.features]),
        np.concatenate([sample.actual, bare.actual]),
        np.concatenate([at_level, fallback]),
    )
    both = np.isfinite(ahead)
    part = sample.take(both)
    interval = widened(interval, part.features, part.actual, out_of_fold=at_level[both], rolling=ahead[both])
    return interval, predicted


def _without_optional_weather(sample: Sample, fold: Fold, fit: Fit, *, seed: int) -> tuple[Sample, Array]:
    """Return one fold's rows without optional weather, and what a fallback model predicts for them."""
    fallback = fit(hide_weather(sample.take(fold.train), seed=seed))
    rows = sample.take(fold.valid)
    features = rows.features.copy()
    features[:, HIDDEN_COLUMNS] = np.nan
    predicted = np.maximum(fallback.predict(features), FEWEST_TRIPS)
    return Sample(rows.hours, features, rows.actual), predicted


def fit_one(name: str, params: Mapping[str, Any], *, seed: int) -> Fit:
    """Return the function that fits one family."""

    def fit(sample: Sample) -> Fitted:
        features, actual = with_repeated_night(sample.features, sample.actual, column=NIGHT_COLUMN)
        return family(name).fit(features, actual, task=TASK, params=params, seed=seed)

    return fit


def fit_final(sample: Sample, params: Found, *, seed: int) -> Fitted:
    """Fit the members on the whole window, and their fallback on days that lack optional weather."""
    fit = fit_blend(params, seed=seed)
    return WithFallback(fit(sample), fit(hide_weather(sample, seed=seed)), HIDDEN_COLUMNS)


def hide_weather(sample: Sample, *, seed: int) -> Sample:
    """Return the sample and a copy of it in which days lack optional weather."""
    features, actual = with_hidden_weather(sample.features, sample.actual, seed=seed)
    return Sample(np.concatenate([sample.hours, sample.hours]), features, actual)


def fit_blend(params: Found, *, seed: int) -> Fit:
    """Return the function that fits all members."""

    def fit(sample: Sample) -> Fitted:
        members = {name: fit_one(name, found, seed=seed)(sample) for name, found in params.items()}
        return Blend(members, floor=FEWEST_TRIPS)

    return fit


def _compare(sample: Sample, search: HourlySearch) -> dict[str, float]:
    """Fit plain families once on the last fold and return their errors."""
    fold, state = search.folds(sample.hours)[-1:], search.level.state()
    return {
        name: leveled_rmse(sample, out_of_fold(sample, fit_one(name, {}, seed=0), fold), state=state)
        for name in search.comparison.families
    }


def _log_comparison(client: MlflowClient, run_id: str, compared: Mapping[str, float]) -> None:
    """Log them beside the trials."""
    for name, rmse in compared.items():
        tracking.log_nested(
            client, run_id, name=name, params={"family": name}, metrics={"last_fold_rmse": rmse}
        )


def _log_choice(client: MlflowClient, run_id: str, choice: Choice, calibration: Calibration) -> None:
    params = {f"{name}.{key}": value for name, found in choice.params.items() for key, value in found.items()}
    params["members"] = ",".join(choice.params)
    tracking.log_numbers(client, run_id, metrics={"cv_rmse": calibration.cv_rmse}, params=params)

"""Fit the challenger on the training window with what the search found, and register it."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
from mlflow.tracking import MlflowClient

from bikecast.arrays import Array, Matrix
from bikecast.backtest import Fit, Sample, best_blend, blended, leveled_rmse, out_of_fold, with_level
from bikecast.errors import JudgementError
from bikecast.families import Fitted, family
from bikecast.families.blend import Blend
from bikecast.families.spare import WithSpare, with_hidden_weather
from bikecast.intervals import calibrate
from bikecast.names import Stage, ValidationStatus
from bikecast.requests import parse_request
from training_job import registry, tracking
from training_job.champion import read_champion
from training_job.context import Context
from training_job.handover import TrainJob
from training_job.judgement import Calibration
from training_job.search import Search, load_search, split_params
from training_job.steps.tune import tuning_sample
from training_job.study import best_of_each_family, open_study, progress

logger = logging.getLogger(__name__)

CALIBRATION_FILE = "calibration.json"
Found = Mapping[str, Mapping[str, Any]]


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return version, run and cross-validated error of the challenger.

    Raises:
        JudgementError: No trial was completed.
    """
    job = parse_request(TrainJob, payload)
    search, name = load_search(), job.request.registered_model_name
    client = tracking.open_client(context)
    _clean_up(client, context, name=name, execution=job.execution)
    tags = {"data_hash": job.prepare.data_hash, "code_version": context.code_version}
    run_id = tracking.open_run(client, context, execution=job.execution, tags=tags)
    study = open_study(context.database, job.execution, search=search)
    tracking.log_trials(client, run_id, study.get_trials(deepcopy=False))
    found = {family: split_params(trial.params)[1] for family, trial in best_of_each_family(study).items()}
    if not found:
        raise JudgementError(
            f"none of {progress(study)['n_trials_done']} trials was completed: read the workers' log"
        )
    sample = tuning_sample(context, job.prepare)
    members, predicted, calibration = _calibrate(sample, found, search, seed=job.request.random_state)
    _log_yardsticks(client, run_id, sample, search)
    chosen = {member: found[member] for member in members}
    _log_choice(client, run_id, chosen, calibration)
    _store_predictions(context, job, sample, predicted)
    version = registry.version_of_execution(client, name, job.execution)
    if version is None:
        fitted = fit_final(sample, chosen, seed=job.request.random_state)
        version = tracking.register(run_id, fitted, name=name, example=sample.features[:5])
    registry.tag_version(client, name, version=version, tags=_tags(job, context))
    return {
        "version": version,
        "run_id": run_id,
        "members": list(members),
        "cv_rmse": calibration.cv_rmse,
        **progress(study),
    }


def _clean_up(client: MlflowClient, context: Context, *, name: str, execution: str) -> None:
    """Complete what an earlier execution that died left behind."""
    reigning = read_champion(context.serving)
    registry.follow_manifest(client, name, reigning.manifest)
    registry.archive_abandoned(client, name, now=context.clock(), execution=execution)


def _calibrate(
    sample: Sample, found: Found, search: Search, *, seed: int
) -> tuple[tuple[str, ...], Array, Calibration]:
    """Choose the members by their rolling-origin predictions, and learn level and interval from these."""
    folds, state = search.folds(sample.hours), search.level.state()
    predictions = {
        name: out_of_fold(sample, _fit(name, params, seed=seed), folds) for name, params in found.items()
    }
    members, rmse = best_blend(sample, predictions, state=state)
    predicted = blended(predictions, members)
    values, level = with_level(sample, predicted, state=state)
    known = np.isfinite(values)
    interval = calibrate(sample.features[known], sample.actual[known], values[known])
    return members, predicted, Calibration(level=level, interval=interval, cv_rmse=rmse)


def _fit(name: str, params: Mapping[str, Any], *, seed: int) -> Fit:
    def fit(sample: Sample) -> Fitted:
        return family(name).fit(sample.features, sample.actual, params=params, seed=seed)

    return fit


def fit_final(sample: Sample, chosen: Found, *, seed: int) -> Fitted:
    """Fit the members on the whole window, and their spare on days that lack optional weather."""
    features, actual = with_hidden_weather(sample.features, sample.actual, seed=seed)
    return WithSpare(
        full=_fit_blend(sample.features, sample.actual, chosen, seed=seed),
        spare=_fit_blend(features, actual, chosen, seed=seed),
    )


def _fit_blend(features: Matrix, actual: Array, chosen: Found, *, seed: int) -> Blend:
    return Blend(
        {
            name: family(name).fit(features, actual, params=params, seed=seed)
            for name, params in chosen.items()
        }
    )


def _log_yardsticks(client: MlflowClient, run_id: str, sample: Sample, search: Search) -> None:
    """Fit plain families once on the last fold and log them beside the trials."""
    fold, state = search.folds(sample.hours)[-1:], search.level.state()
    for name in search.yardsticks.families:
        predicted = out_of_fold(sample, _fit(name, {}, seed=0), fold)
        rmse = leveled_rmse(sample, predicted, state=state)
        tracking.log_nested(
            client, run_id, name=name, params={"family": name}, metrics={"last_fold_rmse": rmse}
        )


def _log_choice(client: MlflowClient, run_id: str, chosen: Found, calibration: Calibration) -> None:
    params = {f"{name}.{key}": value for name, found in chosen.items() for key, value in found.items()}
    params["members"] = ",".join(chosen)
    tracking.log_numbers(client, run_id, metrics={"cv_rmse": calibration.cv_rmse}, params=params)
    client.log_text(run_id, calibration.model_dump_json(indent=1), CALIBRATION_FILE)


def _store_predictions(context: Context, job: TrainJob, sample: Sample, predicted: Array) -> None:
    """Keep the rolling-origin predictions: the honest part of the monitor's reference."""
    import pandas as pd

    from bikecast.names import evaluation_prefix
    from training_job.dataset import write_frame

    known = np.isfinite(predicted)
    frame = pd.DataFrame({"timestamp": sample.hours[known], "prediction": predicted[known]})
    write_frame(context.reports, f"{evaluation_prefix(job.execution)}rolling_origin.parquet", frame)


def _tags(job: TrainJob, context: Context) -> dict[str, Any]:
    return {
        registry.STAGE: Stage.STAGING,
        registry.STATUS: ValidationStatus.PENDING,
        registry.EXECUTION: job.execution,
        "data_hash": job.prepare.data_hash,
        "window": f"{job.prepare.start}..{job.prepare.end}, judged from {job.prepare.holdout_start}",
        "code_version": context.code_version,
    }

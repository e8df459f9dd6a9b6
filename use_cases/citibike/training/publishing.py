"""The files of a judged version in the serving bucket; what serves stays unchanged."""

import logging

import numpy as np
import pandas as pd

from bikecast.errors import DataError
from bikecast.names import decision_key, model_prefix
from bikecast.registry.artifacts import write_once
from bikecast.registry.manifest import Artifact, ChampionManifest, manifest_bytes
from training_job.evaluation.judged import Judgement
from training_job.runtime.context import Context
from training_job.tuning.predictions import read_out_of_fold
from use_cases.citibike.features import FEATURE_NAMES
from use_cases.citibike.hourly_weather.path import PART
from use_cases.citibike.hourly_weather.publishing import JudgedHourly
from use_cases.citibike.model.forecaster import OnnxModel
from use_cases.citibike.model.level import LevelState
from use_cases.citibike.monitoring.hours import ScoredHours
from use_cases.citibike.monitoring.limits import calibrate
from use_cases.citibike.training.bundle import Bundle, make_profile, publish_bundle
from use_cases.citibike.training.case import Case

MANIFEST = "manifest.json"
logger = logging.getLogger(__name__)


def publish_version(
    context: Context,
    case: Case,
    level: LevelState,
    version: str,
    outcome: Judgement,
    *,
    hourly: JudgedHourly | None = None,
) -> Artifact:
    """Write the version's files, and last the manifest with which it may be promoted; return that file."""
    name, run_id = case.job.request.registered_model_name, case.job.train.run_id
    prefix = model_prefix(name, version, run_id)
    reference = make_reference(context, case, level=level)
    files = publish_bundle(
        context.serving,
        prefix,
        graph=case.graph,
        features=case.holdout.features,
        profile=make_profile(case.everything),
        reference=reference,
    )
    manifest = _manifest(context, case, outcome, files, version=version, level=level)
    parts = {} if hourly is None else {PART: hourly.part(context.serving, prefix)}
    manifest = manifest.model_copy(update={"thresholds": _limits(context, prefix, reference), "parts": parts})
    return write_once(context.serving, prefix, MANIFEST, manifest_bytes(manifest))


def _manifest(
    context: Context, case: Case, outcome: Judgement, files: Bundle, *, version: str, level: LevelState
) -> ChampionManifest:
    assert outcome.challenger is not None
    return ChampionManifest(
        model_name=case.job.request.registered_model_name,
        version=version,
        run_id=case.job.train.run_id,
        published_at=context.clock(),
        code_version=context.code_version,
        data_hash=case.job.prepare.data_hash,
        simulated=case.job.prepare.simulated,
        features=FEATURE_NAMES,
        model=files.model,
        golden=files.golden,
        profile=files.profile,
        reference=files.reference,
        level=level.model_dump(mode="json"),
        interval=case.calibration.interval.model_dump(mode="json"),
        holdout=outcome.challenger,
        baselines=dict(outcome.baselines),
        decision_key=decision_key(case.job.execution),
    )


def _limits(context: Context, prefix: str, reference: pd.DataFrame) -> Artifact | None:
    """Learn the monitor's limits; a history too short for that is not a failure."""
    try:
        limits = calibrate(ScoredHours.from_frame(reference))
    except DataError as err:
        logger.warning("the monitor has no limits for this version yet", exc_info=err)
        return None
    return write_once(context.serving, prefix, "thresholds.json", limits.model_dump_json(indent=1).encode())


def make_reference(context: Context, case: Case, *, level: LevelState) -> pd.DataFrame:
    """Return every hour scored by models that had not seen it: left-out blocks, then the holdout.

    Column ``out_of_sample`` says so for every row.
    """
    sample = case.everything
    predicted = OnnxModel(case.graph).predict(sample.features)
    hours, out_of_fold = read_out_of_fold(context.reports, case.job.execution)
    predicted[np.isin(sample.hours, hours)] = out_of_fold
    factors = level.factors(sample.hours)
    values = predicted * factors
    low, high = case.calibration.interval.bounds(sample.features, values)
    out_of_sample = np.ones(values.shape)
    return case.frame.assign(
        prediction=values, low=low, high=high, out_of_sample=out_of_sample, factor=factors
    )

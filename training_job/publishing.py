"""What a judged version puts into the serving bucket; nothing that serves changes by it."""

import logging

import numpy as np
import pandas as pd

from bikecast.errors import DataError
from bikecast.features import FEATURE_NAMES
from bikecast.forecaster import OnnxModel
from bikecast.level import LevelState
from bikecast.manifest import ChampionManifest
from bikecast.names import decision_key
from training_job.bundle import Bundle, make_profile, publish_bundle
from training_job.case import Case
from training_job.champion import manifest_bytes, manifest_key
from training_job.context import Context
from training_job.judgement import Judgement
from training_job.predictions import read_left_out
from use_cases.citibike.monitoring.champion import publish_thresholds
from use_cases.citibike.monitoring.hours import ScoredHours

logger = logging.getLogger(__name__)


def publish_version(
    context: Context, case: Case, outcome: Judgement, *, graph: bytes, level: LevelState, served: OnnxModel
) -> None:
    """Write the version's files and its manifest; nothing that serves changes."""
    reference = make_reference(context, case, level=level, served=served)
    files = publish_bundle(
        context.serving,
        case.job.train.version,
        graph=graph,
        features=case.holdout.features,
        profile=make_profile(case.everything),
        reference=reference,
    )
    manifest = _manifest(context, case, outcome, files=files, level=level)
    context.serving.write(manifest_key(manifest.version), manifest_bytes(manifest))
    _publish_limits(context, manifest.version, reference)


def _manifest(
    context: Context, case: Case, outcome: Judgement, *, files: Bundle, level: LevelState
) -> ChampionManifest:
    assert outcome.challenger is not None
    return ChampionManifest(
        model_name=case.job.request.registered_model_name,
        version=case.job.train.version,
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
        level=level,
        interval=case.calibration.interval,
        holdout=outcome.challenger,
        baselines=dict(outcome.baselines),
        decision_key=decision_key(case.job.execution),
    )


def _publish_limits(context: Context, version: str, reference: pd.DataFrame) -> None:
    """Learn what the monitor shall call unusual; a history too short for that is no reason to fail."""
    try:
        publish_thresholds(context.serving, version, ScoredHours.from_frame(reference))
    except DataError as err:
        logger.warning("the monitor has no limits for this version yet", exc_info=err)


def make_reference(context: Context, case: Case, *, level: LevelState, served: OnnxModel) -> pd.DataFrame:
    """Return every hour scored by models that had not seen it: left-out blocks, then the holdout.

    Column ``out_of_sample`` says so for every row.
    """
    sample = case.everything
    predicted = served.predict(sample.features)
    hours, left_out = read_left_out(context.reports, case.job.execution)
    predicted[np.isin(sample.hours, hours)] = left_out
    factors = level.factors(sample.hours)
    values = predicted * factors
    low, high = case.calibration.interval.bounds(sample.features, values)
    out_of_sample = np.ones(values.shape)
    return case.frame.assign(
        prediction=values, low=low, high=high, out_of_sample=out_of_sample, factor=factors
    )

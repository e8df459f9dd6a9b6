"""Export, check parity, judge on the holdout, publish the files, write the record."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from mlflow.tracking import MlflowClient

from bikecast.arrays import Mask
from bikecast.backtest import Sample
from bikecast.errors import ArtifactError, DataError, FeatureError, JudgementError
from bikecast.families import Fitted
from bikecast.features import FEATURE_NAMES
from bikecast.forecaster import Forecaster, OnnxModel
from bikecast.gate import Decision, Thresholds
from bikecast.level import LevelState
from bikecast.manifest import ChampionManifest
from bikecast.monitoring.champion import publish_thresholds
from bikecast.monitoring.hours import ScoredHours
from bikecast.names import Alias, Stage, ValidationStatus, decision_key, evaluation_prefix
from bikecast.requests import parse_request
from training_job import bundle, dataset, decisions, judgement, registry, tracking
from training_job.champion import Reigning, manifest_bytes, manifest_key, read_champion
from training_job.context import Context
from training_job.decisions import Contestant, DecisionRecord
from training_job.handover import EvaluateJob
from training_job.judgement import Calibration, Forecasts, Judgement
from training_job.plots import draw_all
from training_job.predictions import read_left_out
from training_job.steps.train import CALIBRATION_FILE

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Case:
    """What is judged: all hours, which of them are the holdout, the challenger and its calibration."""

    job: EvaluateJob
    frame: pd.DataFrame
    everything: Sample
    judged: Mask
    fitted: Fitted
    calibration: Calibration

    @property
    def holdout(self) -> Sample:
        """The hours that tuning and training never saw."""
        return self.everything.take(self.judged)


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the gate's decision, its reason and where the record is.

    What cannot be judged is rejected, not failed: the champion stays and the record says why.
    """
    job = parse_request(EvaluateJob, payload)
    client = tracking.open_client(context)
    reigning = read_champion(context.serving)
    case = _open_case(context, client, job)
    outcome, parity, forecasts = _judge(context, case, reigning)
    plots = _draw(context, client, case, forecasts) if forecasts else ()
    record = _record(context, case, reigning, outcome=outcome, parity=parity, plots=plots)
    key = decisions.save(context, record)
    _tell_registry(client, context, case, outcome)
    return {
        "decision": outcome.verdict.decision.value,
        "reason": outcome.verdict.reason,
        "decision_key": key,
        "champion_version": reigning.version,
        "champion_etag": reigning.etag,
        "rmse": outcome.challenger.rmse if outcome.challenger else None,
        "champion_rmse": outcome.champion.rmse if outcome.champion else None,
        "baseline_rmse": {name: scores.rmse for name, scores in outcome.baselines.items()},
    }


def _open_case(context: Context, client: MlflowClient, job: EvaluateJob) -> Case:
    frame = dataset.read_frame(context.data, job.prepare.training_set_key)
    everything = dataset.to_sample(frame)
    path = client.download_artifacts(job.train.run_id, CALIBRATION_FILE)
    with open(path, encoding="utf-8") as file:
        calibration = Calibration.model_validate_json(file.read())
    return Case(
        job=job,
        frame=frame,
        everything=everything,
        judged=everything.hours >= dataset.midnight(job.prepare.holdout_start),
        fitted=tracking.load_registered(job.request.registered_model_name, job.train.version),
        calibration=calibration,
    )


def _judge(
    context: Context, case: Case, reigning: Reigning
) -> tuple[Judgement, dict[str, float], Forecasts | None]:
    request = case.job.request
    try:
        graph = bundle.export(case.fitted)
        served = OnnxModel(graph)
        parity = bundle.check_parity(case.fitted, served, case.holdout.features)
        ours = judgement.challenger_forecasts(
            case.holdout, served.predict(case.holdout.features), calibration=case.calibration
        )
        theirs = _champion(context, case, reigning)
        outcome = judgement.judge(
            case.everything,
            case.judged,
            challenger=ours,
            champion=theirs,
            thresholds=Thresholds(improvement=request.threshold),
            seed=request.random_state,
        )
        _publish(context, case, outcome, graph=graph, level=ours.level, served=served)
    except (JudgementError, ArtifactError, FeatureError) as err:
        logger.warning("the challenger cannot be judged", exc_info=err)
        return judgement.refused(f"it cannot be judged: {err}"), {}, None
    return outcome, parity, ours


def _champion(context: Context, case: Case, reigning: Reigning) -> Forecasts | None:
    if reigning.manifest is None:
        return None
    try:
        champion = Forecaster.load(context.serving, reigning.manifest)
    except ArtifactError as err:
        raise ArtifactError(f"the champion (version {reigning.version}) does not load: {err}") from err
    return judgement.champion_forecasts(case.everything, case.judged, champion=champion)


def _publish(
    context: Context, case: Case, outcome: Judgement, *, graph: bytes, level: LevelState, served: OnnxModel
) -> None:
    """Write the version's files and its manifest; nothing that serves changes."""
    reference = _reference(context, case, level=level, served=served)
    files = bundle.publish_bundle(
        context.serving,
        case.job.train.version,
        graph=graph,
        features=case.holdout.features,
        profile=bundle.make_profile(case.everything),
        reference=reference,
    )
    assert outcome.challenger is not None
    manifest = ChampionManifest(
        model_name=case.job.request.registered_model_name,
        version=case.job.train.version,
        run_id=case.job.train.run_id,
        published_at=context.clock(),
        code_version=context.code_version,
        data_hash=case.job.prepare.data_hash,
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
    context.serving.write(manifest_key(manifest.version), manifest_bytes(manifest))
    _publish_limits(context, manifest.version, reference)


def _publish_limits(context: Context, version: str, reference: pd.DataFrame) -> None:
    """Learn what the monitor shall call unusual; a history too short for that is no reason to fail."""
    try:
        publish_thresholds(context.serving, version, ScoredHours.from_frame(reference))
    except DataError as err:
        logger.warning("the monitor has no limits for this version yet", exc_info=err)


def _reference(context: Context, case: Case, *, level: LevelState, served: OnnxModel) -> pd.DataFrame:
    """Return every hour scored by models that had not seen it: left-out blocks, then the holdout.

    Column ``honest`` says so for every row.
    """
    sample = case.everything
    predicted = served.predict(sample.features)
    hours, left_out = read_left_out(context.reports, case.job.execution)
    predicted[np.isin(sample.hours, hours)] = left_out
    values = predicted * level.factors(sample.hours)
    low, high = case.calibration.interval.bounds(sample.features, values)
    honest = np.ones(values.shape)
    return case.frame.assign(prediction=values, low=low, high=high, honest=honest)


def _draw(context: Context, client: MlflowClient, case: Case, forecasts: Forecasts) -> tuple[str, ...]:
    prefix = evaluation_prefix(case.job.execution)
    keys = []
    for name, body in draw_all(case.holdout, forecasts, importance=case.fitted.importance()).items():
        context.reports.write(f"{prefix}{name}", body)
        keys.append(f"{prefix}{name}")
        tracking.log_file(client, case.job.train.run_id, name=name, body=body)
    return tuple(keys)


def _record(
    context: Context,
    case: Case,
    reigning: Reigning,
    *,
    outcome: Judgement,
    parity: dict[str, float],
    plots: tuple[str, ...],
) -> DecisionRecord:
    job, verdict = case.job, outcome.verdict
    return DecisionRecord(
        execution=job.execution,
        created_at=context.clock(),
        decision="pending",
        reason=verdict.reason,
        gate=verdict.decision.value,
        model_name=job.request.registered_model_name,
        data_hash=job.prepare.data_hash,
        code_version=context.code_version,
        request=job.request.model_dump(mode="json"),
        training_window=(job.prepare.start, job.prepare.holdout_start),
        holdout_window=(job.prepare.holdout_start, job.prepare.end),
        horizon_hours=case.calibration.level.horizon_hours,
        challenger=Contestant(
            version=job.train.version,
            run_id=job.train.run_id,
            scores=outcome.challenger,
            segments=dict(outcome.challenger_segments),
        ),
        champion=_champion_side(case, reigning, outcome),
        baselines=dict(outcome.baselines),
        bootstrap=verdict.bootstrap,
        against_baselines=verdict.baselines,
        segments=verdict.segments,
        worse_segments=verdict.worse_segments,
        parity=parity,
        plots=plots,
    )


def _champion_side(case: Case, reigning: Reigning, outcome: Judgement) -> Contestant | None:
    if reigning.manifest is None:
        return None
    return Contestant(
        version=reigning.manifest.version,
        run_id=reigning.manifest.run_id,
        scores=outcome.champion,
        segments=dict(outcome.champion_segments),
        saw_holdout=judgement.saw_holdout(reigning.manifest, case.job.prepare.holdout_start),
    )


def _tell_registry(client: MlflowClient, context: Context, case: Case, outcome: Judgement) -> None:
    """Log the scores, link the record, and name the candidate if it beats the baselines."""
    name, version = case.job.request.registered_model_name, case.job.train.version
    scores = outcome.challenger
    if scores is not None:
        metrics = {k: v for k, v in scores.model_dump().items() if isinstance(v, float)}
        tracking.log_numbers(
            client, case.job.train.run_id, metrics={f"holdout_{k}": v for k, v in metrics.items()}
        )
        registry.tag_version(client, name, version=version, tags=metrics)
    tags: dict[str, Any] = {registry.DECISION: context.reports.uri(decision_key(case.job.execution))}
    if outcome.verdict.decision is Decision.REJECT:
        tags |= {registry.STAGE: Stage.ARCHIVED, registry.STATUS: ValidationStatus.REJECTED}
    registry.tag_version(client, name, version=version, tags=tags)
    if outcome.verdict.beats_baselines:
        registry.point_alias(client, name, alias=Alias.CANDIDATE, version=version)

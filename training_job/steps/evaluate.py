"""Export, check parity, judge on the holdout, publish the files, write the record."""

import logging
from collections.abc import Mapping
from typing import Any

from mlflow.tracking import MlflowClient

from bikecast.errors import ArtifactError, FeatureError, JudgementError
from bikecast.forecaster import Forecaster, OnnxModel
from bikecast.gate import Decision, Thresholds
from bikecast.manifest import ChampionManifest
from bikecast.names import Alias, Stage, ValidationStatus, decision_key, evaluation_prefix
from bikecast.requests import parse_request
from training_job import bundle, dataset, decisions, judgement, registry, tracking
from training_job.case import Case
from training_job.champion import Reigning, read_champion
from training_job.context import Context
from training_job.handover import EvaluateJob
from training_job.judgement import Calibration, Forecasts, Judgement
from training_job.plots import draw_all
from training_job.publishing import publish_version
from training_job.recording import make_record
from training_job.steps.train import CALIBRATION_FILE

logger = logging.getLogger(__name__)


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
    record = make_record(context, case, reigning, outcome=outcome, parity=parity, plots=plots)
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
        publish_version(context, case, outcome, graph=graph, level=ours.level, served=served)
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
        raise ArtifactError(_unloadable(reigning.manifest, err)) from err
    return judgement.champion_forecasts(case.everything, case.judged, champion=champion)


def _unloadable(champion: ChampionManifest, err: ArtifactError) -> str:
    """Say that the champion does not load, and what a person can do: nobody is promoted until then."""
    way_out = (
        f"`bikecast rollback` puts version {champion.previous.version} back"
        if champion.previous
        else "there is no champion before it to roll back to"
    )
    return (
        f"the champion (version {champion.version}) does not load: {err}. "
        f"Nobody is promoted until it does: {way_out}"
    )


def _draw(context: Context, client: MlflowClient, case: Case, forecasts: Forecasts) -> tuple[str, ...]:
    prefix = evaluation_prefix(case.job.execution)
    keys = []
    for name, body in draw_all(case.holdout, forecasts, fitted=case.fitted).items():
        context.reports.write(f"{prefix}{name}", body)
        keys.append(f"{prefix}{name}")
        tracking.log_file(client, case.job.train.run_id, name=name, body=body)
    return tuple(keys)


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

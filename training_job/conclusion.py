"""What follows from a judgement: a registered version, its published files, the record of the decision."""

from dataclasses import replace
from typing import Any

from bikecast.backtest import FEWEST_TRIPS
from bikecast.citibike_model import HIDDEN
from bikecast.features import FEATURE_NAMES
from bikecast.gate import Decision
from bikecast.names import MODEL_NAME, Alias, Stage, ValidationStatus, decision_key
from bikecast.registry.champion_store import CurrentChampion
from bikecast.registry.decisions import Decisions
from training_job import bundle, following
from training_job.case import Case
from training_job.context import Context
from training_job.following import skip_deleted
from training_job.handover import Evaluated, EvaluateJob
from training_job.judgement import Forecasts, Judgement
from training_job.publishing import publish_version
from training_job.recording import make_record
from training_job.registry import Registry, ServedModel


def conclude(
    context: Context,
    case: Case,
    current: CurrentChampion,
    outcome: Judgement,
    *,
    forecasts: Forecasts | None,
    plots: tuple[str, ...],
) -> Evaluated:
    """Register the version, publish its files if it was judged, and record the decision.

    Nothing that serves changes by it.
    """
    registry, outcome = context.open_registry(context), _never_for_trials(case, outcome)
    version = _register(registry, context, case, forecasts)
    manifest = None
    if forecasts is not None:
        manifest = publish_version(context, case, outcome, version=version, level=forecasts.level)
    plots = (*case.job.train.plots, *plots)
    record = make_record(context, case, current, version=version, outcome=outcome, plots=plots)
    key = Decisions(context.reports, context.database).save(record)
    _tell_registry(registry, context, case, outcome, version=version, plots=plots)
    return Evaluated(
        version=version,
        decision=outcome.verdict.decision.value,
        reason=outcome.verdict.reason,
        decision_key=key,
        manifest=manifest,
        champion_version=current.version,
        champion_run_id=current.identity.run_id if current.identity else None,
        rmse=outcome.challenger.rmse if outcome.challenger else None,
        champion_rmse=outcome.champion.rmse if outcome.champion else None,
        baseline_rmse={name: scores.rmse for name, scores in outcome.baselines.items()},
    )


def _never_for_trials(case: Case, outcome: Judgement) -> Judgement:
    """Return the judgement; a training under another name is a trial, which is judged and never promoted."""
    name, verdict = case.job.request.registered_model_name, outcome.verdict
    if name == MODEL_NAME:
        return outcome
    reason = f"a training as {name!r} is a trial and never promoted; the gate says {verdict.decision}: "
    trial = verdict.model_copy(update={"decision": Decision.REJECT, "reason": reason + verdict.reason})
    return replace(outcome, verdict=trial)


def _register(registry: Registry, context: Context, case: Case, forecasts: Forecasts | None) -> str:
    """Return the version that stands for this execution; an earlier attempt may have registered it."""
    job, name = case.job, case.job.request.registered_model_name
    for version in registry.versions(name):
        if version.tags.get(following.EXECUTION) == job.execution and version.run_id == job.train.run_id:
            return version.version
    level = case.calibration.level if forecasts is None else forecasts.level
    model = ServedModel(
        graph=case.graph,
        bias_correction=level.latest_factor(),
        floor=FEWEST_TRIPS,
        example=bundle.golden_features(case.holdout.features)[:5],
        feature_names=FEATURE_NAMES,
        optional_features=HIDDEN,
        training_set=(context.data.uri(job.prepare.training_set_key), job.prepare.data_hash),
    )
    return registry.register(name, run_id=job.train.run_id, model=model, tags=_first_tags(job, context))


def _first_tags(job: EvaluateJob, context: Context) -> dict[str, Any]:
    return {
        following.STAGE: Stage.STAGING,
        following.STATUS: ValidationStatus.PENDING,
        following.EXECUTION: job.execution,
        "data_hash": job.prepare.data_hash,
        "window": f"{job.prepare.start}..{job.prepare.end}, judged from {job.prepare.holdout_start}",
        "code_version": context.code_version,
    }


def _tell_registry(
    registry: Registry,
    context: Context,
    case: Case,
    outcome: Judgement,
    *,
    version: str,
    plots: tuple[str, ...],
) -> None:
    """Log scores and pictures, link the record, and name the candidate if it beats the baselines."""
    name, run_id = case.job.request.registered_model_name, case.job.train.run_id
    for key in plots:
        registry.log_file(run_id, name=key.rpartition("/")[2], body=context.reports.read(key).body)
    tags: dict[str, Any] = {following.DECISION: context.reports.uri(decision_key(case.job.execution))}
    if outcome.challenger is not None:
        scores = {k: v for k, v in outcome.challenger.model_dump().items() if isinstance(v, float)}
        holdout = {f"holdout_{key}": value for key, value in scores.items()}
        registry.log_scores(name, version, run_id=run_id, scores=holdout)
        tags |= scores
    if outcome.verdict.decision is Decision.REJECT:
        tags |= following.REJECTED
    skip_deleted(registry.tag, name, version, tags)
    if outcome.verdict.beats_baselines:
        skip_deleted(registry.set_alias, name, Alias.CANDIDATE, version)

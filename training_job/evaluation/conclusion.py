"""The end of an evaluation: a registered version, its published files, the decision record."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from bikecast.evaluation.gate import Decision
from bikecast.names import Alias, Stage, ValidationStatus, decision_key
from bikecast.registry.champion_store import CurrentChampion
from bikecast.registry.decisions import Decisions
from bikecast.registry.manifest import Artifact
from bikecast.use_case.requests import model_name_of
from training_job.evaluation.judged import Judgement
from training_job.evaluation.recording import make_record
from training_job.publication import following
from training_job.publication.following import skip_deleted
from training_job.registry.protocol import Registry, ServedModel
from training_job.runtime.context import Context
from training_job.runtime.handover import Evaluated, EvaluateJob


@dataclass(frozen=True)
class Challenger:
    """The judged model, as far as registry and record want it.

    Attributes:
        model: What is registered.
        publish: Writes the files of a version with the judgement's scores; None where it was not judged.
        horizon_hours: At which demand was known when it was judged, where that matters.
        champion_saw_holdout: Whether the champion was trained on rows of the holdout.
        plots: Keys in the reports bucket.
    """

    model: ServedModel
    publish: Callable[[str, Judgement], Artifact] | None = None
    horizon_hours: int | None = None
    champion_saw_holdout: bool = False
    plots: tuple[str, ...] = ()


def conclude(
    context: Context, job: EvaluateJob, current: CurrentChampion, judged: Judgement, challenger: Challenger
) -> Evaluated:
    """Register the version, publish its files if it was judged, and record the decision.

    Nothing that serves changes by it.
    """
    registry, judged = context.open_registry(context), _never_for_trials(job, judged)
    version = _register(registry, context, job, challenger.model)
    manifest = None if challenger.publish is None else challenger.publish(version, judged)
    challenger = replace(challenger, plots=(*job.train.plots, *challenger.plots))
    record = make_record(
        context,
        job,
        current,
        version=version,
        judged=judged,
        horizon_hours=challenger.horizon_hours,
        champion_saw_holdout=challenger.champion_saw_holdout,
        plots=challenger.plots,
    )
    key = Decisions(context.reports, context.database).save(record)
    _tell_registry(registry, context, job, judged, version=version, plots=challenger.plots)
    return Evaluated(
        version=version,
        decision=judged.verdict.decision.value,
        reason=judged.verdict.reason,
        decision_key=key,
        manifest=manifest,
        champion_version=current.version,
        champion_run_id=current.identity.run_id if current.identity else None,
        metric=judged.verdict.metric,
        scores=judged.challenger.values if judged.challenger else {},
        champion_scores=judged.champion.values if judged.champion else {},
        baseline_scores={name: scores.values for name, scores in judged.baselines.items()},
    )


def _never_for_trials(job: EvaluateJob, judged: Judgement) -> Judgement:
    """Return the judgement; a training under another name is a trial, which is judged and never promoted."""
    name, verdict = job.request.registered_model_name, judged.verdict
    if name == model_name_of(job.request.use_case):
        return judged
    reason = f"a training as {name!r} is a trial and never promoted; the gate says {verdict.decision}: "
    trial = verdict.model_copy(update={"decision": Decision.REJECT, "reason": reason + verdict.reason})
    return replace(judged, verdict=trial)


def _register(registry: Registry, context: Context, job: EvaluateJob, model: ServedModel) -> str:
    """Return the version that stands for this execution; an earlier attempt may have registered it."""
    name = job.request.registered_model_name
    for version in registry.versions(name):
        if version.tags.get(following.EXECUTION) == job.execution and version.run_id == job.train.run_id:
            return version.version
    return registry.register(name, run_id=job.train.run_id, model=model, tags=_first_tags(job, context))


def _first_tags(job: EvaluateJob, context: Context) -> dict[str, Any]:
    window = f"{job.prepare.start}..{job.prepare.end}, judged from {job.prepare.holdout_start}"
    return {
        following.STAGE: Stage.STAGING,
        following.STATUS: ValidationStatus.PENDING,
        following.EXECUTION: job.execution,
        "data_hash": job.prepare.data_hash,
        "window": job.prepare.split or window,
        "code_version": context.code_version,
    }


def _tell_registry(
    registry: Registry,
    context: Context,
    job: EvaluateJob,
    judged: Judgement,
    *,
    version: str,
    plots: tuple[str, ...],
) -> None:
    """Log scores and pictures, link the record, and name the candidate if it beats the baselines."""
    name, run_id = job.request.registered_model_name, job.train.run_id
    for key in plots:
        registry.log_file(run_id, name=key.rpartition("/")[2], body=context.reports.read(key).body)
    tags: dict[str, Any] = {following.DECISION: context.reports.uri(decision_key(job.execution))}
    if judged.challenger is not None:
        coverage = judged.challenger.coverage
        scores = judged.challenger.values | ({} if coverage is None else {"coverage": coverage})
        holdout = {f"holdout_{key}": value for key, value in scores.items()}
        registry.log_scores(name, version, run_id=run_id, scores=holdout)
        tags |= scores
    if judged.verdict.decision is Decision.REJECT:
        tags |= following.REJECTED
    skip_deleted(registry.tag, name, version, tags)
    if judged.verdict.beats_baselines:
        skip_deleted(registry.set_alias, name, Alias.CANDIDATE, version)

"""The record of an evaluation, before its outcome is known."""

import datetime as dt

from bikecast.registry.champion_store import CurrentChampion
from bikecast.registry.decisions import Contestant, DecisionRecord
from training_job.evaluation.judged import Judgement
from training_job.runtime.context import Context
from training_job.runtime.handover import EvaluateJob

Days = tuple[dt.date, dt.date]


def make_record(
    context: Context,
    job: EvaluateJob,
    current: CurrentChampion,
    *,
    version: str,
    judged: Judgement,
    horizon_hours: int | None,
    champion_saw_holdout: bool,
    plots: tuple[str, ...],
) -> DecisionRecord:
    """Return everything that the decision rests on."""
    verdict = judged.verdict
    training, holdout = _windows(job)
    return DecisionRecord(
        use_case=job.request.use_case,
        execution=job.execution,
        created_at=context.clock(),
        decision="pending",
        reason=verdict.reason,
        gate=verdict.decision.value,
        metric=verdict.metric,
        model_name=job.request.registered_model_name,
        data_hash=job.prepare.data_hash,
        code_version=context.code_version,
        request=job.request.model_dump(mode="json"),
        split=job.prepare.split,
        training_window=training,
        holdout_window=holdout,
        horizon_hours=horizon_hours,
        challenger=Contestant(
            version=version,
            run_id=job.train.run_id,
            scores=judged.challenger,
            segments=dict(judged.challenger_segments),
        ),
        champion=_champion_side(current, judged, saw_holdout=champion_saw_holdout),
        baselines=dict(judged.baselines),
        bootstrap=verdict.bootstrap,
        against_baselines=verdict.baselines,
        segments=verdict.segments,
        worse_segments=verdict.worse_segments,
        parity=job.train.parity,
        plots=plots,
    )


def _windows(job: EvaluateJob) -> tuple[Days | None, Days | None]:
    if job.prepare.start is None:
        return None, None
    start, holdout, end = job.prepare.days()
    return (start, holdout), (holdout, end)


def _champion_side(current: CurrentChampion, judged: Judgement, *, saw_holdout: bool) -> Contestant | None:
    if current.manifest is None:
        return None
    return Contestant(
        version=current.manifest.version,
        run_id=current.manifest.run_id,
        scores=judged.champion,
        segments=dict(judged.champion_segments),
        saw_holdout=saw_holdout,
    )

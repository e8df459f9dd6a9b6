"""The record of an evaluation, as yet without an outcome."""

from bikecast.registry.champion_store import CurrentChampion
from bikecast.registry.decisions import Contestant, DecisionRecord
from training_job.case import Case
from training_job.context import Context
from training_job.judgement import Judgement, saw_holdout


def make_record(
    context: Context,
    case: Case,
    current: CurrentChampion,
    *,
    version: str,
    outcome: Judgement,
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
            version=version,
            run_id=job.train.run_id,
            scores=outcome.challenger,
            segments=dict(outcome.challenger_segments),
        ),
        champion=_champion_side(case, current, outcome),
        baselines=dict(outcome.baselines),
        bootstrap=verdict.bootstrap,
        against_baselines=verdict.baselines,
        segments=verdict.segments,
        worse_segments=verdict.worse_segments,
        parity=job.train.parity,
        plots=plots,
    )


def _champion_side(case: Case, current: CurrentChampion, outcome: Judgement) -> Contestant | None:
    if current.manifest is None:
        return None
    return Contestant(
        version=current.manifest.version,
        run_id=current.manifest.run_id,
        scores=outcome.champion,
        segments=dict(outcome.champion_segments),
        saw_holdout=saw_holdout(current.manifest, case.job.prepare.holdout_start),
    )

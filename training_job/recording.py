"""The record of an evaluation, as yet without an outcome."""

from training_job.case import Case
from training_job.champion import Reigning
from training_job.context import Context
from training_job.decisions import Contestant, DecisionRecord
from training_job.judgement import Judgement, saw_holdout


def make_record(
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
        saw_holdout=saw_holdout(reigning.manifest, case.job.prepare.holdout_start),
    )

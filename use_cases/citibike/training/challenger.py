"""What ``train`` hands over of a fitted model: its graph and its calibration, by hash, and its pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bikecast.families import Fitted
from bikecast.names import challenger_prefix, evaluation_prefix
from bikecast.registry.artifacts import write_once
from bikecast.registry.manifest import Artifact
from bikecast.study_progress import StudyProgress
from training_job.runtime.context import Context
from training_job.runtime.handover import Trained, TrainJob
from use_cases.citibike.model.backtest import Sample
from use_cases.citibike.model.forecaster import OnnxModel
from use_cases.citibike.training import bundle
from use_cases.citibike.training.judgement import Calibration
from use_cases.citibike.training.plots import draw_model


@dataclass(frozen=True)
class Challenger:
    """What was fitted; it stays in this process, and only its graph leaves it."""

    fitted: Fitted
    calibration: Calibration
    members: tuple[str, ...]
    run_id: str
    more: Mapping[str, Artifact] = field(default_factory=dict)


def hand_over(
    context: Context, job: TrainJob, challenger: Challenger, sample: Sample, progress: StudyProgress
) -> Trained:
    """Export the model, compare the graph with it, and write what the next steps read."""
    graph = bundle.export(challenger.fitted)
    prefix = challenger_prefix(job.execution)
    calibration = challenger.calibration.model_dump_json(indent=1).encode()
    return Trained(
        run_id=challenger.run_id,
        graph=write_once(context.artifacts, prefix, "model.onnx", graph),
        calibration=write_once(context.artifacts, prefix, "calibration.json", calibration),
        parity=bundle.measure_parity(challenger.fitted, OnnxModel(graph), sample.features),
        plots=_draw(context, job, challenger.fitted, sample),
        more=dict(challenger.more),
        members=challenger.members,
        cv_error=challenger.calibration.cv_rmse,
        **progress.model_dump(include={"n_trials", "n_trials_done", "n_pruned", "n_retried"}),
    )


def _draw(context: Context, job: TrainJob, fitted: Fitted, sample: Sample) -> tuple[str, ...]:
    """Draw what needs the fitted model itself: importance and SHAP values."""
    keys = []
    for name, body in draw_model(fitted, sample.features).items():
        key = f"{evaluation_prefix(job.execution)}{name}"
        context.reports.write(key, body)
        keys.append(key)
    return tuple(keys)

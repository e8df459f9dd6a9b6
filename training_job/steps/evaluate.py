"""Judge the challenger's graph on the holdout, register it, publish its files, write the record."""

import logging
from collections.abc import Mapping
from typing import Any

from bikecast.errors import ArtifactError, FeatureError, JudgementError
from bikecast.forecaster import Forecaster, OnnxModel
from bikecast.gate import Thresholds
from bikecast.names import evaluation_prefix
from bikecast.registry.artifacts import fetch
from bikecast.registry.champion_store import ChampionStore, CurrentChampion
from bikecast.registry.manifest import ChampionManifest
from bikecast.requests import parse_request
from training_job import bundle, dataset, judgement
from training_job.case import Case
from training_job.conclusion import conclude
from training_job.context import Context
from training_job.handover import EvaluateJob
from training_job.judgement import Calibration, Forecasts, Judgement
from training_job.plots import draw_forecasts

logger = logging.getLogger(__name__)


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``Evaluated``.

    What cannot be judged is rejected, not failed: the champion stays and the record says why.
    """
    job = parse_request(EvaluateJob, payload)
    current = ChampionStore(context.serving).look()
    case = open_case(context, job)
    outcome, forecasts = _judge(context, case, current)
    plots = _draw(context, case, forecasts) if forecasts else ()
    return conclude(context, case, current, outcome, forecasts=forecasts, plots=plots).model_dump(mode="json")


def open_case(context: Context, job: EvaluateJob) -> Case:
    """Read what is judged; graph and calibration are those that ``train`` wrote, by their hashes.

    Raises:
        ArtifactError: They are not.
    """
    frame = dataset.read_frame(context.data, job.prepare.training_set_key)
    everything = dataset.to_sample(frame)
    calibration = fetch(context.artifacts, job.train.calibration)
    return Case(
        job=job,
        frame=frame,
        everything=everything,
        judged=everything.hours >= dataset.midnight(job.prepare.holdout_start),
        graph=fetch(context.artifacts, job.train.graph),
        calibration=Calibration.model_validate_json(calibration),
    )


def _judge(context: Context, case: Case, current: CurrentChampion) -> tuple[Judgement, Forecasts | None]:
    request = case.job.request
    try:
        bundle.check_parity(case.job.train.parity)
        ours = judgement.challenger_forecasts(
            case.holdout, OnnxModel(case.graph).predict(case.holdout.features), calibration=case.calibration
        )
        outcome = judgement.judge(
            case.everything,
            case.judged,
            challenger=ours,
            champion=_champion(context, case, current),
            thresholds=Thresholds(improvement=request.threshold),
            coverage=case.calibration.interval.coverage,
            seed=request.random_state,
        )
    except (JudgementError, ArtifactError, FeatureError) as err:
        logger.warning("the challenger cannot be judged", exc_info=err)
        return judgement.refused(f"it cannot be judged: {err}"), None
    return outcome, ours


def _champion(context: Context, case: Case, current: CurrentChampion) -> Forecasts | None:
    if current.problem is not None:
        raise ArtifactError(current.problem)
    if current.manifest is None:
        return None
    try:
        champion = Forecaster.load(context.serving, current.manifest)
    except ArtifactError as err:
        raise ArtifactError(_unloadable(current.manifest, err)) from err
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


def _draw(context: Context, case: Case, forecasts: Forecasts) -> tuple[str, ...]:
    keys = []
    for name, body in draw_forecasts(case.holdout, forecasts).items():
        key = f"{evaluation_prefix(case.job.execution)}{name}"
        context.reports.write(key, body)
        keys.append(key)
    return tuple(keys)

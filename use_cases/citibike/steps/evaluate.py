"""Judge the challenger's graph on the holdout, register it, publish its files, write the record."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from bikecast.errors import ArtifactError, FeatureError, JudgementError
from bikecast.evaluation.gate import PromotionThresholds
from bikecast.names import evaluation_prefix
from bikecast.registry.artifacts import fetch
from bikecast.registry.champion_store import ChampionStore, CurrentChampion
from bikecast.requests import parse_request
from training_job.evaluation.conclusion import Challenger, conclude
from training_job.evaluation.judged import Judgement, refused
from training_job.evaluation.parity import check_parity
from training_job.publication.champions import unloadable
from training_job.registry.protocol import ServedModel
from training_job.runtime import training_sets
from training_job.runtime.context import Context
from training_job.runtime.handover import EvaluateJob
from use_cases.citibike.features import FEATURE_NAMES
from use_cases.citibike.hourly_weather.learning.rivalry import champion_by_lead, keep_better_hours
from use_cases.citibike.hourly_weather.publishing import JudgedHourly, judge_hourly
from use_cases.citibike.model.backtest import FEWEST_TRIPS
from use_cases.citibike.model.forecaster import Forecaster, OnnxModel
from use_cases.citibike.model.level import LevelState
from use_cases.citibike.model.task import HIDDEN
from use_cases.citibike.training import bundle, dataset, judgement
from use_cases.citibike.training.case import Case
from use_cases.citibike.training.judgement import Calibration, Forecasts
from use_cases.citibike.training.plots import draw_forecasts
from use_cases.citibike.training.publishing import publish_version

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judged:
    """What was judged: the forecasts by the day's values, and the model of hourly weather if there is one."""

    forecasts: Forecasts
    hourly: JudgedHourly | None


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``Evaluated``.

    What cannot be judged is rejected, not failed: the champion stays and the record says why.
    """
    job = parse_request(EvaluateJob, payload)
    current = ChampionStore(context.serving).look()
    case = open_case(context, job)
    outcome, judged = _judge(context, case, current)
    challenger = _challenger(context, case, current, judged)
    return conclude(context, job, current, outcome, challenger).model_dump(mode="json")


def _challenger(context: Context, case: Case, current: CurrentChampion, judged: Judged | None) -> Challenger:
    job, level = case.job, case.calibration.level if judged is None else judged.forecasts.level
    champion = current.manifest
    return Challenger(
        served_model(context, case, level),
        publish=None
        if judged is None
        else partial(publish_version, context, case, level, hourly=judged.hourly),
        horizon_hours=level.horizon_hours,
        champion_saw_holdout=champion is not None and judgement.saw_holdout(champion, job.prepare.days()[1]),
        plots=_draw(context, case, judged.forecasts) if judged else (),
    )


def served_model(context: Context, case: Case, level: LevelState) -> ServedModel:
    """Return what is registered: the graph, corrected by the level of demand."""
    prepared = case.job.prepare
    return ServedModel(
        graph=case.graph,
        bias_correction=level.latest_factor(),
        floor=FEWEST_TRIPS,
        example=bundle.golden_features(case.holdout.features)[:5],
        feature_names=FEATURE_NAMES,
        optional_features=HIDDEN,
        training_set=(context.data.uri(prepared.training_set_key), prepared.data_hash),
    )


def open_case(context: Context, job: EvaluateJob) -> Case:
    """Read what is judged; graph and calibration are those that ``train`` wrote, by their hashes.

    Raises:
        ArtifactError: They are not.
    """
    frame = training_sets.read_frame(context.data, job.prepare.training_set_key)
    everything = dataset.to_sample(frame)
    calibration = fetch(context.artifacts, job.train.calibration)
    return Case(
        job=job,
        frame=frame,
        everything=everything,
        judged=everything.hours >= dataset.midnight(job.prepare.days()[1]),
        graph=fetch(context.artifacts, job.train.graph),
        calibration=Calibration.model_validate_json(calibration),
    )


def _judge(context: Context, case: Case, current: CurrentChampion) -> tuple[Judgement, Judged | None]:
    request = case.job.request
    try:
        check_parity(case.job.train.parity)
        ours = judgement.challenger_forecasts(
            case.holdout, OnnxModel(case.graph).predict(case.holdout.features), calibration=case.calibration
        )
        outcome = judgement.judge(
            case.everything,
            case.judged,
            challenger=ours,
            champion=_champion(context, case, current),
            thresholds=PromotionThresholds(improvement=request.threshold),
            coverage=case.calibration.interval.coverage,
            seed=request.random_state,
        )
        hourly = judge_hourly(context, case)
        before = champion_by_lead(context, case, current.manifest)
    except (JudgementError, ArtifactError, FeatureError) as err:
        logger.warning("the challenger cannot be judged", exc_info=err)
        return refused(f"it cannot be judged: {err}"), None
    more = {} if hourly is None else hourly.segments()
    outcome = replace(outcome, challenger_segments={**outcome.challenger_segments, **more})
    return keep_better_hours(outcome, hourly, before), Judged(ours, hourly)


def _champion(context: Context, case: Case, current: CurrentChampion) -> Forecasts | None:
    if current.problem is not None:
        raise ArtifactError(current.problem)
    if current.manifest is None:
        return None
    try:
        champion = Forecaster.load(context.serving, current.manifest)
    except ArtifactError as err:
        raise ArtifactError(unloadable(current.manifest, err)) from err
    return judgement.champion_forecasts(case.everything, case.judged, champion=champion)


def _draw(context: Context, case: Case, forecasts: Forecasts) -> tuple[str, ...]:
    keys = []
    for name, body in draw_forecasts(case.holdout, forecasts).items():
        key = f"{evaluation_prefix(case.job.execution)}{name}"
        context.reports.write(key, body)
        keys.append(key)
    return tuple(keys)

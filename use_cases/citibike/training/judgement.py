"""Champion and challenger on the same hours: bias-corrected forecasts, scores, and the gate's decision."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict

from bikecast.arrays import Array, Mask
from bikecast.evaluation import gate
from bikecast.evaluation.gate import PromotionThresholds
from bikecast.evaluation.holdout import Holdout
from bikecast.evaluation.metrics import RMSE
from bikecast.evaluation.outcome import Outcome
from bikecast.evaluation.scores import Scores
from bikecast.registry.manifest import ChampionManifest
from training_job.evaluation.judged import Judgement
from use_cases.citibike import segments
from use_cases.citibike.model.backtest import FEWEST_TRIPS, Sample
from use_cases.citibike.model.baselines import baseline_forecasts
from use_cases.citibike.model.forecaster import Forecaster
from use_cases.citibike.model.intervals import IntervalCalibration
from use_cases.citibike.model.level import LevelState
from use_cases.citibike.model.metrics import score


class Calibration(BaseModel):
    """What belongs to a fitted model beside its graph, learned from rolling-origin predictions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: LevelState
    interval: IntervalCalibration
    cv_rmse: float


@dataclass(frozen=True)
class Forecasts:
    """One model's forecasts of the judged hours, and its level state once those hours are known."""

    values: Array
    low: Array
    high: Array
    level: LevelState

    @property
    def outcome(self) -> Outcome:
        """The forecasts as the gate takes them."""
        return Outcome(self.values, self.low, self.high)

    def scores(self, sample: Sample, rows: Mask | None = None) -> Scores:
        """Score all judged hours, or some of them."""
        inside = np.ones(sample.hours.shape, dtype=bool) if rows is None else rows
        return score(
            sample.hours[inside],
            sample.actual[inside],
            predicted=self.values[inside],
            low=self.low[inside],
            high=self.high[inside],
        )


def challenger_forecasts(sample: Sample, stateless: Array, *, calibration: Calibration) -> Forecasts:
    """Return the challenger's forecasts; its level grows with the judged days, each read at its horizon."""
    predicted = np.maximum(stateless, FEWEST_TRIPS)
    level = calibration.level.updated(sample.hours, sample.actual, predicted)
    values = predicted * level.factors(sample.hours)
    low, high = calibration.interval.bounds(sample.features, values)
    return Forecasts(values, low, high, level)


def champion_forecasts(everything: Sample, judged: Mask, *, champion: Forecaster) -> Forecasts:
    """Return the champion's forecasts of the judged hours as it would have served them.

    Its history is kept for the days that it had seen when it was published, and goes on from there.
    """
    as_of = champion.level.as_of
    unseen = judged if as_of is None else judged | (everything.hours >= np.datetime64(as_of, "s") + _A_DAY)
    fresh = everything.take(unseen)
    level = champion.level.updated(fresh.hours, fresh.actual, champion.model.predict(fresh.features))
    sample = everything.take(judged)
    values = champion.model.predict(sample.features) * level.factors(sample.hours)
    low, high = champion.interval.bounds(sample.features, values)
    return Forecasts(values, low, high, level)


_A_DAY = np.timedelta64(1, "D")


def saw_holdout(champion: ChampionManifest, holdout_start: dt.date) -> bool:
    """Tell whether the champion was trained on hours of this holdout."""
    return champion.holdout.window()[0].date() > holdout_start


def judge(
    everything: Sample,
    judged: Mask,
    *,
    challenger: Forecasts,
    champion: Forecasts | None,
    thresholds: PromotionThresholds,
    coverage: float,
    seed: int,
) -> Judgement:
    """Score both sides and the baselines on the judged hours and ask the gate.

    Raises:
        JudgementError: Something cannot be judged; the champion stays.
    """
    sample = everything.take(judged)
    naive = baseline_forecasts(everything.hours, everything.actual, hours=sample.hours)
    masks = segments.masks(sample.features, sample.hours)
    contest = Holdout(
        metric=RMSE,
        target=sample.actual,
        challenger=challenger.outcome,
        champion=None if champion is None else champion.outcome,
        baselines={name: Outcome(values) for name, values in naive.items()},
        segments=masks,
        time=sample.hours,
        coverage=coverage,
    )
    return Judgement(
        verdict=gate.judge(contest, thresholds, seed=seed),
        challenger=challenger.scores(sample),
        champion=None if champion is None else champion.scores(sample),
        baselines={n: score(sample.hours, sample.actual, predicted=v) for n, v in naive.items()},
        challenger_segments=_by_segment(challenger, sample, masks),
        champion_segments={} if champion is None else _by_segment(champion, sample, masks),
    )


def _by_segment(forecasts: Forecasts, sample: Sample, masks: Mapping[str, Mask]) -> dict[str, Scores]:
    return {name: forecasts.scores(sample, rows) for name, rows in masks.items()}

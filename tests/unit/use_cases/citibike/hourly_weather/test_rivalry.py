"""The gate by hourly weather: who wins by the day's values alone does not replace a better champion."""

import datetime as dt

import numpy as np
import pytest

from bikecast.evaluation.gate import Decision, GateDecision
from bikecast.evaluation.scores import Scores
from training_job.evaluation.judged import Judgement
from use_cases.citibike.hourly_weather.features import NAMES, HourlyRows
from use_cases.citibike.hourly_weather.intervals import LeadInterval
from use_cases.citibike.hourly_weather.learning.judging import LeadScores
from use_cases.citibike.hourly_weather.learning.rivalry import keep_better_hours
from use_cases.citibike.hourly_weather.path import HourlyCalibration, lead_name
from use_cases.citibike.hourly_weather.publishing import JudgedHourly
from use_cases.citibike.model.level import LevelState

PROMOTED = Judgement(GateDecision(decision=Decision.PROMOTE, reason="better", beats_baselines=True))
WEEK = lead_name(7)


def scores(rmse: float) -> Scores:
    return Scores(n_rows=1, start=dt.datetime(2025, 1, 1), end=dt.datetime(2025, 1, 2), values={"rmse": rmse})


def judged_hourly(*, hourly: float, by_day: float, serving: tuple[int, ...]) -> JudgedHourly:
    calibration = HourlyCalibration(level=LevelState(), interval=LeadInterval(groups={}))
    rows = HourlyRows(np.empty(0, dtype=np.int64), np.empty((0, len(NAMES)), dtype=np.float32))
    lead_scores = LeadScores({WEEK: scores(hourly)}, {}, {WEEK: scores(by_day)}, serving, calibration)
    return JudgedHourly(b"", rows, lead_scores)


@pytest.mark.parametrize(
    ("hourly", "by_day", "serving", "decision"),
    [
        (104.0, 200.0, (7,), Decision.PROMOTE),
        (110.0, 200.0, (7,), Decision.REJECT),
        (300.0, 104.0, (), Decision.PROMOTE),
        (300.0, 110.0, (), Decision.REJECT),
    ],
)
def test_a_challenger_that_errs_more_at_a_lead_than_the_champion_is_rejected(
    hourly: float, by_day: float, serving: tuple[int, ...], decision: Decision
) -> None:
    challenger = judged_hourly(hourly=hourly, by_day=by_day, serving=serving)
    outcome = keep_better_hours(PROMOTED, challenger, {WEEK: scores(100.0)})
    assert outcome.verdict.decision is decision
    assert (decision is Decision.PROMOTE) == (WEEK not in outcome.verdict.reason)


def test_a_challenger_without_an_hourly_model_does_not_replace_one_that_has_it() -> None:
    assert keep_better_hours(PROMOTED, None, {WEEK: scores(100.0)}).verdict.decision is Decision.REJECT
    assert keep_better_hours(PROMOTED, None, {}) is PROMOTED

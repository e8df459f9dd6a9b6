"""A small city with a small model, both simulated: what the monitor is tried on without any training.

The model is a ridge regression of log demand on the hour of the week, season and weather, served with
the calibrated level as the real one is. It is not an accurate model, but its errors are out of sample.
"""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bikecast.arrays import Array, Hours
from use_cases.citibike import calendar
from use_cases.citibike.model.level import LevelState
from use_cases.citibike.monitoring.hours import DAY, FACTOR, PREDICTION, TARGET, WEATHER, ScoredHours

if TYPE_CHECKING:
    from use_cases.citibike.simulator.options import Shift

TRAINED_FROM, TRAINED_UNTIL = dt.date(2024, 1, 1), dt.date(2024, 12, 31)
FOLDS = 6
RIDGE = 3.0
HOURS_A_WEEK = 168


@dataclass(frozen=True)
class City:
    """Scored hours of the training year and of the time after it."""

    history: ScoredHours
    after: ScoredHours


def simulate_city(end: dt.date, *, seed: int, shift: "Shift | None" = None) -> City:
    """Simulate demand and weather to ``end``, train on the first year, and score the rest as it is served."""
    hours, actual, weather = _tables(end, seed=seed, shift=shift)
    features = _features(hours, weather)
    trained = hours < np.datetime64(TRAINED_UNTIL) + DAY
    unseen = np.exp(features @ _fit(features[trained], actual[trained]))
    unseen[trained] = _out_of_fold(features[trained], actual[trained])
    level = LevelState().updated(hours, actual, unseen)
    factors = level.factors(hours)
    columns = {TARGET: actual, PREDICTION: unseen * factors, FACTOR: factors, **weather}
    scored = ScoredHours(hours, columns)
    return City(scored.take(trained), scored.take(~trained))


def _tables(end: dt.date, *, seed: int, shift: "Shift | None") -> tuple[Hours, Array, dict[str, Array]]:
    from use_cases.citibike.simulator.simulation import simulate_tables
    from use_cases.citibike.tables.hourly import join_weather

    frame: Any = join_weather(*simulate_tables(TRAINED_FROM, end, seed=seed, scale=1.0, shift=shift))
    hours = frame["timestamp"].to_numpy(dtype="datetime64[s]")
    weather = {name: frame[name].to_numpy(dtype=np.float64) for name in WEATHER}
    return hours, frame["trips"].to_numpy(dtype=np.float64), weather


def _features(hours: Hours, weather: dict[str, Array]) -> Array:
    off = calendar.is_day_off(hours)
    slot = calendar.hour_of_day(hours) + 24 * np.where(off > 0, 6, calendar.day_of_week(hours))
    season = 2 * np.pi * calendar.day_of_year(hours) / calendar.YEAR_DAYS
    warm = (weather["TMAX"] - 60) / 20
    numbers = [np.sin(season), np.cos(season), np.sin(2 * season), np.cos(2 * season), warm, warm**2]
    numbers += [np.sqrt(weather["PRCP"]), np.sqrt(weather["SNOW"]), np.sqrt(weather["SNWD"])]
    numbers += [weather["AWND"] / 10, (calendar.holiday_rank(hours) > 0).astype(np.float64)]
    slots = slot[:, None] == np.arange(HOURS_A_WEEK)[None, :]
    return np.column_stack([slots, *numbers, np.ones(len(hours))])


def _fit(features: Array, actual: Array) -> Array:
    penalty = RIDGE * np.eye(features.shape[1])
    penalty[-1, -1] = 0.0  # the constant
    target = np.log(np.maximum(actual, 1.0))
    weights = np.linalg.solve(features.T @ features + penalty, features.T @ target)
    return np.asarray(weights, dtype=np.float64)


def _out_of_fold(features: Array, actual: Array) -> Array:
    """Predict each week by a model that did not see it."""
    fold = np.arange(len(actual)) // HOURS_A_WEEK % FOLDS
    unseen = np.empty(len(actual))
    for number in range(FOLDS):
        held = fold == number
        unseen[held] = np.exp(features[held] @ _fit(features[~held], actual[~held]))
    return unseen

"""Turns checked request rows into arrays."""

import datetime as dt
from collections.abc import Sequence
from functools import cache
from operator import attrgetter
from typing import Any

import numpy as np
from pydantic import BaseModel

from use_cases.citibike.api.clock_features import Clock, nearest_hour, step_of
from use_cases.citibike.api.contract import ClockFeatures, TripHour
from use_cases.citibike.api.hourly import FeatureInput, HoursInput
from use_cases.citibike.api.hours_ahead import HoursAhead
from use_cases.citibike.features import FEATURE_NAMES, OPTIONAL_WEATHER, REQUIRED_WEATHER, build_features
from use_cases.citibike.hourly_weather.features import HourlyRows, beside_station

WEATHER_NAMES = (*REQUIRED_WEATHER, *OPTIONAL_WEATHER)
_FEATURES_OF = attrgetter(*FEATURE_NAMES)
DAYS_PER_WEEK, MONTHS_PER_YEAR, DAYS_PER_LEAP_YEAR = 7, 12, 366


def of_trips(rows: Sequence[TripHour], by_hour: HoursAhead | None = None) -> HoursInput:
    """Ask for the hours themselves, with their weather by the hour where the request brings it."""
    hours, weather = _array([row.date for row in rows]), _weather(rows)
    if by_hour is None:
        return HoursInput(hours, weather)
    found = by_hour.rows(hours)
    matrix = beside_station(found.features, build_features(hours, weather)[found.place])
    return HoursInput(hours, weather, HourlyRows(found.place, matrix))


def of_clock_features(rows: Sequence[ClockFeatures], *, today: dt.date) -> HoursInput:
    """Ask for the latest hours that the predecessor's features point at."""
    return HoursInput(_array([nearest_hour(_clock(row), not_after=today) for row in rows]), _weather(rows))


def of_model_features(rows: Sequence[BaseModel], *, today: dt.date) -> FeatureInput:
    """Ask the model by its own features."""
    features = np.asarray([_FEATURES_OF(row) for row in rows], dtype=np.float32)  # None becomes NaN
    return FeatureInput(
        features, lambda: _array([nearest_hour(_season_clock(row), not_after=today) for row in rows])
    )


def _weather(rows: Sequence[TripHour] | Sequence[ClockFeatures]) -> dict[str, np.ndarray]:
    names = [name for name in WEATHER_NAMES if name in type(rows[0]).model_fields]
    return {name: np.asarray([getattr(row, name) for row in rows], dtype=np.float64) for name in names}


def _array(hours: list[dt.datetime]) -> np.ndarray:
    return np.asarray(hours, dtype="datetime64[s]")


def _clock(row: ClockFeatures) -> Clock:
    return Clock(
        hour=step_of(row.hr_sin, row.hr_cos, steps=24),
        weekday=step_of(row.weekday_sin, row.weekday_cos, steps=DAYS_PER_WEEK),
        week=1 + step_of(row.week_sin, row.week_cos, steps=52),
        month=1 + step_of(row.mnth_sin, row.mnth_cos, steps=MONTHS_PER_YEAR),
        is_holiday=round(row.holiday) == 1,
    )


def _season_clock(row: Any) -> Clock:
    week, month = _week_and_month(step_of(row.doy_sin, row.doy_cos, steps=DAYS_PER_LEAP_YEAR))
    return Clock(round(row.hour), round(row.dow), week, month)


@cache
def _week_and_month(day_of_year: int) -> tuple[int, int]:
    date = dt.date(2024, 1, 1) + dt.timedelta(days=max(day_of_year - 1, 0))  # any leap year
    return date.isocalendar().week, date.month

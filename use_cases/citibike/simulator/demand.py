"""Expected trips of each hour: season, week, day, holidays, weather and growth, calibrated to New York."""

import numpy as np
import pandas as pd
from holidays import country_holidays
from numpy.typing import NDArray

from use_cases.citibike.simulator import calibration
from use_cases.citibike.simulator.climate import LAST_USUAL_DAY, normal_temperature
from use_cases.citibike.simulator.options import Shift, ShiftKind

Floats = NDArray[np.float64]

_STREAM = 202
# Share of a usual day's trips; other federal holidays keep most riders.
_HOLIDAY_LEVELS = {
    "Thanksgiving Day": 0.45,
    "Christmas Day": 0.5,
    "New Year's Day": 0.6,
    "Independence Day": 0.8,
    "Memorial Day": 0.8,
    "Labor Day": 0.8,
}
_OTHER_HOLIDAY_LEVEL = 0.9
_WEEKEND = 5


def expected_trips(
    hours: pd.DatetimeIndex, climate: pd.DataFrame, *, seed: int, shift: Shift | None
) -> Floats:
    """Return the mean of each hour's trips in the whole system.

    Args:
        hours: Wall-clock hours, in order.
        climate: True weather of at least these days, one row a day without gaps.
        seed: The days' and showers' chance belongs to the calendar, not to the period asked for.
        shift: What changes, if anything.
    Returns:
        Trips per hour; shape (n_hours,), positive.
    """
    day = (hours.normalize() - climate["DATE"].iloc[0]).days.to_numpy()
    usual = _profile(hours, shift) * _season(hours) * _growth(hours)
    weather = _day_weather(climate) / _usual_effect(climate)
    rain = _shower(hours, climate["PRCP"].to_numpy(), day, seed=seed)
    chance = np.exp(0.05 * np.random.default_rng([seed, _STREAM]).standard_normal(len(climate)))
    trips: Floats = usual * weather[day] * rain * chance[day] * _level(hours, shift)
    return trips


def is_holiday(days: pd.DatetimeIndex) -> NDArray[np.bool_]:
    """Tell which times fall on US federal holidays."""
    federal = country_holidays("US", years=sorted(set(days.year)))
    return np.asarray(days.normalize().isin(pd.DatetimeIndex(sorted(federal))))


def _profile(hours: pd.DatetimeIndex, shift: Shift | None) -> Floats:
    days = hours.normalize().unique()
    levels = pd.Series(_holiday_levels(days), index=days).reindex(hours.normalize()).to_numpy()
    weekday = hours.dayofweek.to_numpy()
    free = (weekday >= _WEEKEND) | (levels < 1.0)
    by_weekday = calibration.TRIPS_PER_HOUR_BY_WEEKDAY
    workday_level = (by_weekday / by_weekday[:_WEEKEND].mean())[weekday]
    weekend_level = (by_weekday / by_weekday[_WEEKEND:].mean())[weekday]
    work = calibration.TRIPS_BY_HOUR_OF_WEEKDAY[hours.hour] * workday_level
    leisure = calibration.TRIPS_BY_HOUR_OF_WEEKEND[hours.hour]
    mixed = _without_commuters(hours, work, leisure, shift)
    level = np.where(weekday >= _WEEKEND, weekend_level, 1.0)
    return np.where(free, leisure * level * levels, mixed)


def _without_commuters(hours: pd.DatetimeIndex, work: Floats, leisure: Floats, shift: Shift | None) -> Floats:
    if shift is None or shift.kind is not ShiftKind.RIDER_MIX:
        return work
    share = np.where(hours >= pd.Timestamp(shift.start), 0.75 * min(abs(shift.strength), 1.3), 0.0)
    mixed: Floats = (1 - share) * work + share * leisure * work.sum() / leisure.sum()
    return mixed


def _holiday_levels(days: pd.DatetimeIndex) -> Floats:
    federal = country_holidays("US", years=sorted(set(days.year)))
    return np.array([_holiday_level(federal.get(day.date())) for day in days])


def _holiday_level(name: str | None) -> float:
    if name is None:
        return 1.0
    return next((level for known, level in _HOLIDAY_LEVELS.items() if known in name), _OTHER_HOLIDAY_LEVEL)


def _season(hours: pd.DatetimeIndex) -> Floats:
    # The months of the reference year hold its growth already: take it out before the trend puts it back.
    growth = np.power(1 + calibration.YEARLY_GROWTH, (np.arange(12) - 5.5) / 12)
    monthly = calibration.TRIPS_PER_HOUR_BY_MONTH / growth
    return calibration.by_day_of_year(monthly / monthly.mean(), hours.dayofyear.to_numpy())


def _growth(hours: pd.DatetimeIndex) -> Floats:
    years = (hours - pd.Timestamp(calibration.REFERENCE_YEAR, 7, 1)).days.to_numpy() / 365.25
    return np.power(1 + calibration.YEARLY_GROWTH, years)


def _level(hours: pd.DatetimeIndex, shift: Shift | None) -> Floats:
    if shift is None or shift.kind is not ShiftKind.DEMAND_LEVEL:
        return np.ones(len(hours))
    return np.where(hours >= pd.Timestamp(shift.start), max(1 + 0.5 * shift.strength, 0.05), 1.0)


def _day_weather(climate: pd.DataFrame) -> Floats:
    average = climate["TAVG"].to_numpy()
    unusual = average - normal_temperature(pd.DatetimeIndex(climate["DATE"]))
    heat = np.maximum(climate["TMAX"].to_numpy() - 88.0, 0.0)
    snow = 0.25 * np.minimum(climate["SNOW"].to_numpy(), 6.0) + 0.05 * np.minimum(
        climate["SNWD"].to_numpy(), 8.0
    )
    rain = 0.15 * np.minimum(climate["PRCP"].to_numpy(), 1.0)
    wind = 0.008 * (climate["AWND"].to_numpy() - 10.0)
    effect: Floats = np.exp(0.011 * np.clip(unusual, -25, 25) - 0.012 * heat - snow - rain - wind)
    return effect


def _usual_effect(climate: pd.DataFrame) -> float:
    climate = climate[climate["DATE"] <= pd.Timestamp(LAST_USUAL_DAY)]
    return float(np.mean(_day_weather(climate) * np.where(climate["PRCP"] > 0, 0.8, 1.0)))


def showers(inches: Floats, *, seed: int) -> tuple[Floats, Floats]:
    """Return when each day's rain begins and how long it lasts, in hours, from the climate's first day on."""
    draws = np.random.default_rng([seed, _STREAM + 1]).random((inches.size, 2))
    # It rains for 3 to 15 hours in one piece, longer when more falls.
    length = 3.0 + 12.0 * np.minimum(inches, 1.0) * (0.5 + 0.5 * draws[:, 1])
    return draws[:, 0] * (24.0 - length), length


def raining(clock: NDArray[np.int64], inches: Floats, begin: Floats, length: Floats) -> NDArray[np.bool_]:
    """Tell the hours in which rain falls."""
    found: NDArray[np.bool_] = (inches > 0) & (clock >= begin) & (clock < begin + length)
    return found


def _shower(hours: pd.DatetimeIndex, inches: Floats, day: NDArray[np.int64], *, seed: int) -> Floats:
    begin, length = showers(inches, seed=seed)
    falls = raining(hours.hour.to_numpy(), inches[day], begin[day], length[day])
    return np.where(falls, 0.52, 1.0)  # half the riders stay away

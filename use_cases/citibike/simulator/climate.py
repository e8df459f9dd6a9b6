"""Simulated daily weather of LaGuardia: one path from a fixed first day, so that any period is repeatable."""

import datetime as dt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bikecast.errors import InputError
from use_cases.citibike.simulator import calibration
from use_cases.citibike.simulator.options import Shift, ShiftKind

Floats = NDArray[np.float64]

FIRST_DAY = dt.date(2013, 1, 1)
# Ten years tell what is usual, whatever period is asked for.
LAST_USUAL_DAY = dt.date(2022, 12, 31)
_LONG_TERM_WET_SHARE = 0.33  # 2024 alone had a month without rain; half of each makes a year
_STREAM = 101


def simulate_climate(end: dt.date, *, seed: int, shift: Shift | None = None) -> pd.DataFrame:
    """Return the true weather of every day from ``FIRST_DAY`` to ``end``, or to ``LAST_USUAL_DAY`` if later.

    Longer paths begin the same.

    Returns:
        Columns ``DATE, AWND, PRCP, SNOW, SNWD, TAVG, TMAX, TMIN``; °F, inch, mph, in NOAA's precision.
    Raises:
        InputError: ``end`` is before the path begins.
    """
    if end < FIRST_DAY:
        raise InputError(f"simulated weather starts on {FIRST_DAY}, but got (end={end})")
    days = pd.date_range(FIRST_DAY, max(end, LAST_USUAL_DAY))
    normal = np.random.default_rng([seed, _STREAM]).standard_normal((len(days), 3))
    uniform = np.random.default_rng([seed, _STREAM + 1]).random((len(days), 3))
    regime = _regime(days, shift)
    rain = _rain(days, uniform[:, 0], uniform[:, 1], regime=regime)
    low, high = _temperatures(days, normal, wet=rain > 0, regime=regime)
    snow = np.where((low + high) / 2 < 33.0, rain * 8.0, 0.0).round(1)
    wind = calibration.by_day_of_year(calibration.AWND_BY_MONTH, days.dayofyear.to_numpy())
    return pd.DataFrame(
        {
            "DATE": days,
            "AWND": (wind * np.exp(0.3 * normal[:, 2] - 0.045)).round(1),
            "PRCP": rain,
            "SNOW": snow,
            "SNWD": _snow_depth(snow, high),
            "TAVG": ((low + high) / 2).round(),
            "TMAX": high.round(),
            "TMIN": low.round(),
        }
    )


def reported(climate: pd.DataFrame, shift: Shift | None) -> pd.DataFrame:
    """Return what the station reports: the truth, unless its sensors are broken."""
    if shift is None or shift.kind is not ShiftKind.BROKEN_SENSOR:
        return climate
    broken = (climate["DATE"] >= pd.Timestamp(shift.start)).to_numpy()
    share = min(abs(shift.strength), 1.0)
    seen = climate.copy()
    # A frozen thermometer and an anemometer that stands still, mixed in by strength.
    for column, frozen in (("TMAX", 75.0), ("TMIN", 35.0), ("TAVG", 55.0), ("AWND", 0.0), ("PRCP", 0.0)):
        seen.loc[broken, column] = ((1 - share) * seen[column] + share * frozen)[broken].round(2)
    return seen


def normal_temperature(days: pd.DatetimeIndex) -> Floats:
    """Return the season's usual mean of the day, °F."""
    mean = (calibration.TMAX_BY_MONTH + calibration.TMIN_BY_MONTH) / 2
    return calibration.by_day_of_year(mean, days.dayofyear.to_numpy())


def _regime(days: pd.DatetimeIndex, shift: Shift | None) -> Floats:
    if shift is None or shift.kind is not ShiftKind.WEATHER_REGIME:
        return np.zeros(len(days))
    return np.where(days >= pd.Timestamp(shift.start), shift.strength, 0.0)


def _rain(days: pd.DatetimeIndex, chance: Floats, amount: Floats, *, regime: Floats) -> Floats:
    monthly = (calibration.WET_DAY_SHARE_BY_MONTH + _LONG_TERM_WET_SHARE) / 2
    share = calibration.by_day_of_year(monthly, days.dayofyear.to_numpy()) * (1 + np.abs(regime))
    mean_inch = calibration.PRECIPITATION_PER_DAY / _LONG_TERM_WET_SHARE
    inches = -np.log1p(-amount) * mean_inch * (1 + 0.5 * np.abs(regime))
    return np.where(chance < np.minimum(share, 0.9), np.maximum(inches, 0.01), 0.0).round(2)


def _temperatures(
    days: pd.DatetimeIndex, normal: Floats, *, wet: NDArray[np.bool_], regime: Floats
) -> tuple[Floats, Floats]:
    usual_high = calibration.by_day_of_year(calibration.TMAX_BY_MONTH, days.dayofyear.to_numpy())
    usual_low = calibration.by_day_of_year(calibration.TMIN_BY_MONTH, days.dayofyear.to_numpy())
    winter = 0.75 + 0.25 * np.cos(2 * np.pi * days.dayofyear.to_numpy() / 365.25)
    anomaly = _persistent(normal[:, 0], memory=0.65) * 8.0 * winter + 20.0 * regime
    half_range = (usual_high - usual_low) / 2 * np.where(wet, 0.8, 1.1) * np.exp(0.15 * normal[:, 1])
    middle = (usual_high + usual_low) / 2 + anomaly
    return middle - half_range, middle + half_range


def _persistent(noise: Floats, *, memory: float) -> Floats:
    values = np.empty_like(noise)
    state = 0.0
    for day, shock in enumerate(noise):
        state = memory * state + np.sqrt(1 - memory**2) * shock
        values[day] = state
    return values


def _snow_depth(snow: Floats, high: Floats) -> Floats:
    depth = np.empty_like(snow)
    state = 0.0
    for day, fallen in enumerate(snow):
        state = max(0.0, state + fallen - max(0.0, high[day] - 32.0) * 0.12)
        depth[day] = state
    return (depth * 0.8).round(1)

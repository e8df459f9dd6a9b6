"""Simulated weather by the hour: rain falls when riders stay away, and forecasts err more with their age."""

import datetime as dt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from use_cases.citibike.simulator.demand import raining, showers
from use_cases.citibike.wall_time import wall_hours

Floats = NDArray[np.float64]

MOST_LEAD_DAYS = 7
_STREAM = 404
_WARMEST = 15  # o'clock
# How much a forecast of so many days errs, about as Open-Meteo's did over New York in 2024.
_TEMPERATURE_F = (1.5, 0.6)  # standard deviation at lead 0, and more a day
_SHIFT_HOURS = (0.7, 0.9)
_OTHER_DAY = 0.04  # chance a day that it rains as on another day
_AMOUNT = (0.2, 0.08)  # of the logarithm


def measured_hours(climate: pd.DataFrame, start: dt.date, end: dt.date, *, seed: int) -> pd.DataFrame:
    """Return the hours of a period as Open-Meteo's archive has them, °F, inch, mph and %.

    Args:
        climate: True weather of at least these days, one row a day without gaps from its first on.
        start: First day.
        end: Last day.
        seed: Of the simulation: its showers belong to the calendar.
    """
    begin, length = showers(climate["PRCP"].to_numpy(), seed=seed)
    return _existing(_hours(climate, begin, length), start, end)


def issued_hours(climate: pd.DataFrame, start: dt.date, end: dt.date, *, seed: int) -> pd.DataFrame:
    """Return what was forecast at each midnight of a period for that day and the seven after it.

    Args:
        climate: True weather until seven days after ``end``.
        start: Day of the first issue.
        end: Day of the last issue.
        seed: Of the simulation.
    """
    parts = []
    for lead in range(MOST_LEAD_DAYS + 1):
        offset = dt.timedelta(days=lead)
        hours = _existing(_forecast(climate, lead, seed=seed), start + offset, end + offset)
        issued = pd.to_datetime(hours["time"]).dt.normalize() - pd.Timedelta(days=lead)
        parts.append(hours.assign(issue_date=issued, issue_hour=0))
    return pd.concat(parts, ignore_index=True).sort_values(["issue_date", "time"], ignore_index=True)


def _forecast(climate: pd.DataFrame, lead: int, *, seed: int) -> pd.DataFrame:
    """Return the hours of all days as a forecast of that age has them."""
    generator = np.random.default_rng([seed, _STREAM, lead])
    begin, length = showers(climate["PRCP"].to_numpy(), seed=seed)
    noise = generator.standard_normal((len(climate), 3))
    other = generator.random(len(climate)) < _OTHER_DAY * lead
    source = np.where(other, generator.integers(0, len(climate), len(climate)), np.arange(len(climate)))
    wetter = np.exp(_at(_AMOUNT, lead) * noise[:, 2])
    seen = climate.assign(
        TMAX=climate["TMAX"] + _at(_TEMPERATURE_F, lead) * noise[:, 0],
        TMIN=climate["TMIN"] + _at(_TEMPERATURE_F, lead) * noise[:, 0],
        PRCP=climate["PRCP"].to_numpy()[source] * wetter,
        SNOW=np.where(other, 0.0, climate["SNOW"] * wetter),
    )
    shifted = np.clip(begin[source] + _at(_SHIFT_HOURS, lead) * noise[:, 1], 0, 24 - length[source])
    hours = _hours(seen, shifted, length[source])
    falls = (hours["rain"] + hours["snowfall"]) > 0
    sure = 90 - 8 * lead  # a chance that is about right: far ahead neither sure of rain nor of a dry hour
    return hours.assign(precipitation_probability=np.where(falls, sure, 3 + 3 * lead))


def _hours(days: pd.DataFrame, begin: Floats, length: Floats) -> pd.DataFrame:
    clock, each = np.tile(np.arange(24), len(days)), np.repeat(np.arange(len(days)), 24)
    inches, snow = days["PRCP"].to_numpy(), days["SNOW"].to_numpy()
    falls = raining(clock, inches[each], begin[each], length[each])
    share = falls / np.maximum(np.bincount(each, falls), 1)[each]
    low, high = days["TMIN"].to_numpy()[each], days["TMAX"].to_numpy()[each]
    wave = np.cos((clock - _WARMEST) / 24 * 2 * np.pi)
    return pd.DataFrame(
        {
            "time": days["DATE"].to_numpy()[each] + clock.astype("timedelta64[h]"),
            "temperature_2m": ((low + high) / 2 + (high - low) / 2 * wave).round(1),
            "rain": np.where(snow[each] > 0, 0.0, inches[each] * share).round(3),
            "snowfall": (snow[each] * share).round(3),
            "cloud_cover": np.where(falls, 100, np.where(inches[each] > 0, 70, 30)),
            "wind_speed_10m": (days["AWND"].to_numpy()[each] * (1 + 0.2 * wave)).round(1),
        }
    )


def _existing(hours: pd.DataFrame, start: dt.date, end: dt.date) -> pd.DataFrame:
    return hours[hours["time"].isin(wall_hours(start, end))].reset_index(drop=True)


def _at(growing: tuple[float, float], lead: int) -> float:
    return growing[0] + growing[1] * lead

"""Hours on New York's wall, from whatever zone a file has them in."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bikecast.errors import InputError
from bikecast.names import TIME_ZONE
from use_cases.citibike.texts.dates import has_offset, parse_times
from use_cases.citibike.weather.units import ENOUGH_DAYS

_OFFSET_FACT = "utc_offset_seconds"
_HOURS_A_DAY = 24
_LEAST_WAVE_F = 1.5


def wall_times(
    name: str, texts: "pd.Series[str]", facts: Mapping[str, str], unit: str | None
) -> tuple["pd.Series[pd.Timestamp]", bool]:
    """Return New York's wall time and whether the file states its zone.

    Open-Meteo writes a whole series at one offset, that of the day of the request.

    Args:
        name: What errors call the file.
        texts: Times as they are written.
        facts: What the file says about the table.
        unit: Of the times, where it is stated.
    Raises:
        InputError: A time cannot be read.
    """
    if unit == "unixtime":
        return _to_wall(_of_unix_time(name, texts)), True
    aware = has_offset(texts)
    if aware.all():
        return _to_wall(pd.to_datetime(texts.str.replace("GMT", "UTC"), utc=True, format="mixed")), True
    times = parse_times(texts)
    if aware.any() or times.isna().any():
        bad = texts[aware | times.isna()].iloc[0]
        raise InputError(f"{name}: the time {bad!r} cannot be read among the others")
    if _OFFSET_FACT in facts:
        return _to_wall((times - _offset(name, facts[_OFFSET_FACT])).dt.tz_localize("UTC")), True
    return times.dt.as_unit("s"), False


def _of_unix_time(name: str, texts: "pd.Series[str]") -> "pd.Series[pd.Timestamp]":
    try:
        return pd.to_datetime(texts.astype("int64"), unit="s", utc=True)
    except ValueError as err:
        raise InputError(f"{name}: a time is not a number of seconds ({err})") from err


def _offset(name: str, seconds: str) -> pd.Timedelta:
    try:
        return pd.Timedelta(seconds=float(seconds))
    except ValueError as err:
        raise InputError(f"{name}: {_OFFSET_FACT} is {seconds!r}, which is not a number") from err


def _to_wall(utc: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    return utc.dt.tz_convert(TIME_ZONE).dt.tz_localize(None).dt.as_unit("s")


def warmest_hour(hours: pd.DataFrame) -> float | None:
    """Return when the daily wave of temperature peaks; None where days are few or have none."""
    by_hour = hours.groupby(hours["timestamp"].dt.hour)["temperature"].mean()
    if len(by_hour) < _HOURS_A_DAY or len(hours) < ENOUGH_DAYS * _HOURS_A_DAY:
        return None
    wave = np.fft.rfft(by_hour.to_numpy())[1] / (_HOURS_A_DAY / 2)
    if abs(wave) < _LEAST_WAVE_F:
        return None
    return float(-np.angle(wave) / (2 * np.pi) * _HOURS_A_DAY % _HOURS_A_DAY)

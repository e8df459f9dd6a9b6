"""Units of weather: whatever a file states is converted; what it does not state must be plausible for here.

The tables hold °F, inch and mph.
"""

import re
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bikecast.errors import InputError

Convert = Callable[["pd.Series[float]"], "pd.Series[float]"]

# Mean daily maximum by month, °F, LaGuardia 1991-2020. Source: NOAA U.S. Climate Normals.
_USUAL_HIGHS = np.array([39.5, 42.2, 49.9, 61.8, 71.4, 79.7, 85.3, 83.6, 76.6, 65.2, 54.8, 45.0])
_HIGHEST_F, _LOWEST_F = 115.0, -20.0  # beyond every record of New York
_USUAL_SPAN_F = 14.0  # from a day's low to its high
ENOUGH_DAYS = 5
# A few days fit another scale better by this much only where they are in it: in New York's coldest it was 8.
_CERTAIN_F = 20.0
_MANY_DAYS = 20
_INCH_MM, _MILE_KM, _KNOT_MPH, _MS_MPH = 25.4, 1.609344, 1.150779, 2.236936
# Beyond what any day here has brought, with room: 8 inches of rain, 28 of snow; 14 mph over a windy month.
_MOST = {"PRCP": ("rain", 10.0, "inch"), "SNOW": ("snow", 40.0, "inch"), "AWND": ("wind", 60.0, "mph")}
_MOST_ON_AVERAGE = {"PRCP": 1.0, "AWND": 20.0}
# The smallest rain of an hour is a hundredth of an inch or less; in millimetres it is a tenth.
_SMALLEST_RAIN_MM, _ENOUGH_WET_HOURS = 0.1, 5


def fahrenheit(celsius: "pd.Series[float]") -> "pd.Series[float]":
    """Convert temperatures."""
    return celsius * 1.8 + 32


def _times(factor: float) -> Convert:
    return lambda values: values * factor


_TEMPERATURE: dict[str, Convert] = {
    **dict.fromkeys(("f", "degf", "fahrenheit", "degreesfahrenheit"), _times(1)),
    **dict.fromkeys(("c", "degc", "celsius", "degreescelsius"), fahrenheit),
    **dict.fromkeys(("k", "kelvin"), lambda values: fahrenheit(values - 273.15)),
}
_DEPTH: dict[str, Convert] = {
    **dict.fromkeys(("inch", "inches", "in"), _times(1)),
    **dict.fromkeys(("mm", "millimeters", "millimetres", "millimeter"), _times(1 / _INCH_MM)),
    **dict.fromkeys(("cm", "centimeters", "centimetres"), _times(10 / _INCH_MM)),
    **dict.fromkeys(("m", "meters", "metres"), _times(1000 / _INCH_MM)),
    **dict.fromkeys(("ft", "feet", "foot"), _times(12)),
}
_WIND: dict[str, Convert] = {
    **dict.fromkeys(("mph", "mileperhour", "milesperhour", "mih"), _times(1)),
    **dict.fromkeys(("kmh", "kph", "kilometersperhour"), _times(1 / _MILE_KM)),
    **dict.fromkeys(("ms", "meterspersecond"), _times(_MS_MPH)),
    **dict.fromkeys(("kn", "kt", "kts", "knots"), _times(_KNOT_MPH)),
}
_SCALES = {
    **dict.fromkeys(("TMAX", "TMIN", "TAVG", "temperature", "apparent"), _TEMPERATURE),
    **dict.fromkeys(("PRCP", "SNOW", "SNWD", "rain", "showers", "snowfall", "snow_depth"), _DEPTH),
    **dict.fromkeys(("AWND", "wind", "gust"), _WIND),
}
# GHCN-Daily as the station archive holds it. Source: NOAA's readme of GHCN-Daily, section III.
TENTHS: Mapping[str, Convert] = {
    **dict.fromkeys(("TMAX", "TMIN", "TAVG"), lambda values: fahrenheit(values / 10)),
    "PRCP": _times(0.1 / _INCH_MM),
    **dict.fromkeys(("SNOW", "SNWD"), _times(1 / _INCH_MM)),
    "AWND": _times(0.1 * _MS_MPH),
}


def converted(name: str, column: str, values: "pd.Series[float]", unit: str) -> "pd.Series[float]":
    """Convert a column from the unit that its file states.

    Args:
        name: The file, for errors.
        column: Our name of it.
        values: Its numbers.
        unit: As it is written.
    Raises:
        InputError: The unit is unknown.
    """
    scale = _SCALES.get(column)
    if scale is None:
        return values
    convert = scale.get(re.sub(r"[^a-z]", "", unit.lower()))
    if convert is None:
        raise InputError(f"{name}: {column} is in {unit!r}, which is not a known unit for it")
    return convert(values)


def temperature_scale(days: pd.DataFrame, *, is_archive: bool = False) -> str:
    """Return the scale that fits the season best: ``°F``, ``°C`` or ``tenths of °C``.

    A few days are in ``°F`` unless ``°C`` fits them by far better.

    Winter's highs are near 40 °F and near 40 tenths of °C alike, so the span from low to high counts, too.

    Args:
        days: ``DATE``, ``TMAX`` and ``TMIN``.
        is_archive: The file has the columns of NOAA's station archive, which writes tenths.
    """
    known = days.dropna(subset=["DATE", "TMAX", "TMIN"])
    if known.empty:
        return "°F"
    readings = {
        "°F": known[["TMAX", "TMIN"]],
        "°C": known[["TMAX", "TMIN"]].apply(fahrenheit),
        "tenths of °C": known[["TMAX", "TMIN"]].apply(lambda values: fahrenheit(values / 10)),
    }
    usual = _USUAL_HIGHS[known["DATE"].dt.month - 1]
    errors = {scale: _unusual(reading, usual) for scale, reading in readings.items()}
    if len(known) < ENOUGH_DAYS:
        return "°C" if errors["°F"] - errors["°C"] > _CERTAIN_F else "°F"
    best = min(errors, key=lambda scale: errors[scale])
    # What is converted must be certain: a warm week of February in °F looks like tenths of °C.
    is_beyond = known["TMAX"].max() > _HIGHEST_F or known["TMIN"].min() < _LOWEST_F
    is_certain = is_beyond or is_archive or len(known) >= _MANY_DAYS
    return "°F" if best == "tenths of °C" and not is_certain else best


def _unusual(temperatures: pd.DataFrame, usual_highs: "NDArray[np.float64]") -> float:
    highs = (temperatures["TMAX"] - usual_highs).abs().mean()
    spans = (temperatures["TMAX"] - temperatures["TMIN"] - _USUAL_SPAN_F).abs().mean()
    return float(highs + spans)


def refuse_implausible(name: str, days: pd.DataFrame, *, stated: frozenset[str] = frozenset()) -> None:
    """Refuse days beyond what was ever seen here, in units that the file did not state.

    Args:
        name: The file.
        days: In the weather table's columns.
        stated: Columns whose unit the file states.
    Raises:
        InputError: A column cannot be in the table's units; the day is named.
    """
    for column, (what, most, unit) in _MOST.items():
        if column not in days or column in stated or days[column].isna().all():
            continue
        worst = days[column].max()
        if worst > most:
            day = days.loc[days[column] == worst, "DATE"].iloc[0].date()
            raise InputError(_other_units(name, what, f"{worst:.1f} {unit} on {day}"))
        mean = days[column].mean()
        if len(days) >= _MANY_DAYS and mean > _MOST_ON_AVERAGE.get(column, np.inf):
            raise InputError(_other_units(name, what, f"{mean:.1f} {unit} on average"))


def refuse_millimetres(name: str, rain: "pd.Series[float]") -> None:
    """Refuse hours of rain whose smallest amount is that of millimetres.

    Raises:
        InputError: No wet hour has less than a tenth.
    """
    wet = rain[rain > 0]
    if len(wet) >= _ENOUGH_WET_HOURS and wet.min() >= _SMALLEST_RAIN_MM:
        raise InputError(
            _other_units(name, "rain", f"{wet.min():g} inch in the least wet of {len(wet)} hours")
        )


def _other_units(name: str, what: str, found: str) -> str:
    return (
        f"{name}: {what} would be {found}, so it is not in the units of the table (°F, inch, mph), and the "
        "file states none: keep the units in the column names, or export it in °F, inches and mph"
    )

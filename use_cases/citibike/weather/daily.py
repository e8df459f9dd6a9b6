"""Daily weather of NOAA's in each of its exports: marks, flags, dates and units as NOAA means them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from bikecast.errors import InputError
from bikecast.names import TIME_ZONE
from bikecast.tabular.frames import RawTable
from use_cases.citibike.tables.contracts import WEATHER_OPTIONAL, WEATHER_REQUIRED
from use_cases.citibike.tables.hourly import checked_weather
from use_cases.citibike.texts.dates import MixedDatesError, parse_days
from use_cases.citibike.texts.numbers import to_numbers
from use_cases.citibike.wall_time import span
from use_cases.citibike.weather.columns import daily_name
from use_cases.citibike.weather.units import TENTHS, converted, refuse_implausible, temperature_scale

STATION = "USW00014732"
# NOAA's numbers for no value, and its mark for less than can be measured.
_MISSING = (-9999.0, -9999.9, -999.9, 9999.0, 9999.9)
_TRACE = ("T",)
# No snow falls on a day that stays this warm, and stations leave the column empty in summer.
_SNOWLESS_F = 41.0
# Above this share of days a mark that is not a number is the file's own notation.
_FEW = 0.05


@dataclass(frozen=True)
class Days:
    """Days of a file in the weather table's columns, and what reading them had to assume or leave out."""

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()


def days_of(name: str, raw: RawTable) -> Days:
    """Return the complete days of a table with NOAA's column names.

    Raises:
        InputError: A column is missing, stations are mixed, values cannot be read, or the units are others.
        DataError: A value breaks the contract.
    """
    named = _named(name, raw)
    _refuse_other_stations(name, raw.frame)
    days, notes = _numbers(name, named)
    units = {named_by: unit for column, unit in raw.units.items() if (named_by := daily_name(column))}
    days, scale_note = _in_our_units(name, days, units, is_archive=_is_archive(raw.frame))
    days, snow_note = _snowless(days)
    complete = days.dropna(subset=["DATE", *WEATHER_REQUIRED])
    if complete.empty:
        raise InputError(f"{name} has no day with all of {list(WEATHER_REQUIRED)}")
    stated = frozenset(units)
    refuse_implausible(name, complete, stated=stated)
    more = [note for note in (scale_note, snow_note, _left_out(days, complete)) if note]
    return Days(checked_weather(complete), (*notes, *more))


def _named(name: str, raw: RawTable) -> pd.DataFrame:
    named = {column: daily_name(str(column)) for column in raw.frame.columns}
    known = {column: ours for column, ours in named.items() if ours}
    missing = [column for column in ("DATE", *WEATHER_REQUIRED) if column not in known.values()]
    if missing:
        raise InputError(f"{name} lacks the columns {missing}; found {list(raw.frame.columns)}")
    table = raw.frame[list(known)].rename(columns=known)
    # NOAA's hourly product holds the days' values in one row a day.
    values = table.drop(columns="DATE").astype(str).apply(lambda column: column.str.strip())
    filled: pd.DataFrame = table[~values.isin(["", "nan", "None"]).all(axis=1)]
    return filled.reset_index(drop=True)


def _numbers(name: str, named: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    try:
        dates = parse_days(named["DATE"], zone=TIME_ZONE)
    except MixedDatesError as err:
        raise InputError(f"{name}: {err}: write them as yyyy-mm-dd") from err
    if dates.isna().any():
        bad = str(named["DATE"][dates.isna()].iloc[0])
        raise InputError(f"{name}: the date {bad!r} cannot be read: write dates as yyyy-mm-dd")
    days, notes = pd.DataFrame({"DATE": dates}), []
    for column in (*WEATHER_REQUIRED, *WEATHER_OPTIONAL):
        if column not in named:
            continue
        trace = _TRACE if column in ("SNOW", "PRCP", "SNWD") else ()
        numbers = to_numbers(named[column], missing=_MISSING, zero=trace)
        if numbers.unknown:
            notes.append(_unknown(name, column, named[column], numbers.unknown))
        days[column] = numbers.values
    return days, tuple(notes)


def _unknown(name: str, column: str, texts: "pd.Series[str]", marks: tuple[str, ...]) -> str:
    cells = texts.astype(str).str.strip().isin(marks).sum()
    if cells > max(_FEW * len(texts), 1):
        raise InputError(f"{name}: {column} holds {marks[0]!r} and {cells - 1} more that are not numbers")
    return f"{column} is taken as missing where it holds {', '.join(repr(mark) for mark in marks)}"


def _in_our_units(
    name: str, days: pd.DataFrame, units: Mapping[str, str], *, is_archive: bool
) -> tuple[pd.DataFrame, str | None]:
    stated = {column: unit for column, unit in units.items() if column in days}
    if "TMAX" in stated:
        return days.assign(**{c: converted(name, c, days[c], unit) for c, unit in stated.items()}), None
    scale = temperature_scale(days, is_archive=is_archive)
    if scale == "°C":
        raise InputError(
            f"{name} seems to be in metric units (mean TMAX {days['TMAX'].mean():.1f}); "
            "export it in °F, inches and mph (units=standard)"
        )
    if scale == "°F":
        return days, None
    tenths = {column: convert(days[column]).round(2) for column, convert in TENTHS.items() if column in days}
    return days.assign(
        **tenths
    ), "converted from GHCN-Daily's units: tenths of °C, of mm and of m/s, mm of snow"


def _is_archive(table: pd.DataFrame) -> bool:
    return any(str(column).upper().endswith("_ATTRIBUTES") for column in table.columns)


def _snowless(days: pd.DataFrame) -> tuple[pd.DataFrame, str | None]:
    warm = days["SNOW"].isna() & (days["TMIN"] >= _SNOWLESS_F)
    if not warm.any():
        return days, None
    note = f"SNOW is missing on {warm.sum()} days that stayed above {_SNOWLESS_F:.0f} °F and taken as 0"
    return days.assign(SNOW=days["SNOW"].mask(warm, 0.0)), note


def _left_out(days: pd.DataFrame, complete: pd.DataFrame) -> str | None:
    left = days[~days.index.isin(complete.index)]
    if left.empty:
        return None
    lacking = [column for column in WEATHER_REQUIRED if left[column].isna().any()]
    return f"{len(left)} days lack {', '.join(lacking)} and are left out: {span(left['DATE'])}"


def _refuse_other_stations(name: str, table: pd.DataFrame) -> None:
    column = next((column for column in table.columns if str(column).upper() == "STATION"), None)
    stations = sorted(set(table[column].astype(str))) if column is not None else []
    if len(stations) > 1:
        raise InputError(f"{name} mixes the stations {stations}; keep one, best {STATION} (LaGuardia)")

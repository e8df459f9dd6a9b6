"""Hourly weather: its names, files of it, and the day that it makes."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import pandera.pandas as pa

from bikecast.errors import InputError
from bikecast.names import TIME_ZONE
from bikecast.tabular.frames import RawTable
from use_cases.citibike.tables.contracts import checked
from use_cases.citibike.tables.hourly import checked_weather
from use_cases.citibike.texts.numbers import to_numbers
from use_cases.citibike.wall_time import is_repeated
from use_cases.citibike.weather.columns import hourly_name
from use_cases.citibike.weather.units import converted, refuse_millimetres
from use_cases.citibike.weather.zones import wall_times, warmest_hour

# Our name to Open-Meteo's. Units: °F, inch, mph, %.
HOURLY_FIELDS = {
    "temperature": "temperature_2m",
    "humidity": "relative_humidity_2m",
    "rain": "rain",
    "snowfall": "snowfall",
    "snow_depth": "snow_depth",
    "cloud_cover": "cloud_cover",
    "wind": "wind_speed_10m",
    "apparent": "apparent_temperature",
    "gust": "wind_gusts_10m",
    "showers": "showers",
    "rain_chance": "precipitation_probability",
}
ISSUE_DATE = "issue_date"
_NEEDED = ("temperature", "rain", "snowfall", "wind")
# Rain and melted snow, taken where a file has no rain alone.
_ALL_WATER = "precipitation"
_INCHES_PER_FOOT = 12.0
# Here the wave of temperature peaks between two and four in the afternoon; in GMT that is 19 to 21.
_LATEST_WARMEST_HOUR, _OFFSET_HOURS = 18.0, 5.0
_HOURS_OF_A_WHOLE_DAY = 23  # the day that spring shortens


def _value(low: float, high: float, *, meaning: str, unit: str) -> pa.Column:
    return pa.Column(
        float, pa.Check.in_range(low, high), nullable=True, coerce=True,
        description=meaning, metadata={"unit": unit},
    )  # fmt: skip


HOURLY_WEATHER = pa.DataFrameSchema(
    {
        "timestamp": pa.Column("datetime64[s]", coerce=True, description="Hour, New York wall time"),
        "temperature": _value(-50, 130, meaning="Temperature at two metres", unit="°F"),
        "rain": _value(0, 10, meaning="Rain of the hour, showers included", unit="inch"),
        "snowfall": _value(0, 20, meaning="Snowfall of the hour", unit="inch"),
        "wind": _value(0, 150, meaning="Wind at ten metres", unit="mph"),
    },
    strict=False,
    name="hourly weather",
)


@dataclass(frozen=True)
class Hours:
    """Hours of a file in our names and units.

    Args:
        frame: Columns of ``HOURLY_FIELDS`` that are known, ``timestamp`` and ``issued_at``.
        stated: Columns whose units the file states.
        notes: What reading it had to assume.
    """

    frame: pd.DataFrame
    stated: frozenset[str]
    notes: tuple[str, ...] = ()


def daily_from_hourly(hourly: pd.DataFrame) -> pd.DataFrame:
    """Summarise whole days in the daily table's columns: extremes, sums, means.

    Raises:
        DataError: A value breaks a contract.
    """
    hours = checked(hourly, HOURLY_WEATHER)
    day = hours["timestamp"].dt.normalize().astype("datetime64[ns]").rename("DATE")
    groups = hours.groupby(day)
    daily = pd.DataFrame(
        {
            "TMAX": groups["temperature"].max(),
            "TMIN": groups["temperature"].min(),
            "SNOW": groups["snowfall"].sum(min_count=1),
            "PRCP": groups["rain"].sum(min_count=1),
            "AWND": groups["wind"].mean(),
            "TAVG": groups["temperature"].mean(),
        }
    )
    if "snow_depth" in hours:
        daily["SNWD"] = groups["snow_depth"].max()
    whole = groups["temperature"].count() >= _HOURS_OF_A_WHOLE_DAY
    return checked_weather(daily[whole].dropna(subset=["TMAX", "TMIN", "SNOW"]).round(2).reset_index())


def hours_of(name: str, raw: RawTable) -> Hours:
    """Return the hours of an export of Open-Meteo in our names, the table's units and New York's wall time.

    ``issued_at`` is kept where the file has an ``issue_date`` (and ``issue_hour``), the forecasts' own
    wall-clock time; it is missing otherwise.

    Raises:
        InputError: It lacks a column, a time cannot be read, or what it does not state is implausible.
        DataError: A value breaks the contract.
    """
    named = raw.frame.rename(columns=lambda column: hourly_name(str(column)) or str(column))
    named = named if "rain" in named else named.rename(columns={_ALL_WATER: "rain"})
    missing = [column for column in ("time", *_NEEDED) if column not in named]
    if missing:
        raise InputError(f"{name} lacks the hourly columns {missing}; found {list(raw.frame.columns)}")
    units = {named_by: unit for column, unit in raw.units.items() if (named_by := _name_of(column, named))}
    frame = pd.DataFrame(
        {
            column: _values(name, column, named[column], units.get(column))
            for column in HOURLY_FIELDS
            if column in named
        }
    )
    times, zone_is_stated = wall_times(name, named["time"].astype(str), raw.facts, units.get("time"))
    frame = frame.assign(timestamp=times, issued_at=_issued_at(named))
    frame = _each_once(name, frame, named["time"].astype(str))
    _refuse_undeclared(name, frame, units=units, zone_is_stated=zone_is_stated)
    notes = () if zone_is_stated else ("no time zone is stated: hours are taken as New York's",)
    return Hours(checked(frame, HOURLY_WEATHER), frozenset(units), notes)


def _each_once(name: str, hours: pd.DataFrame, written: "pd.Series[str]") -> pd.DataFrame:
    """Drop repeated rows; only the hour that autumn repeats may have two.

    Raises:
        InputError: Another hour is there twice with different values.
    """
    distinct = hours.assign(written=written).drop_duplicates()
    twice = distinct.duplicated(["written", "issued_at"]) & ~is_repeated(distinct["timestamp"])
    if twice.any():
        raise InputError(
            f"{name} has the hour {distinct.loc[twice, 'written'].iloc[0]} twice with different values: "
            "export one place, and each hour once"
        )
    return hours.loc[distinct.index]


def _name_of(column: str, named: pd.DataFrame) -> str | None:
    is_rain = column == _ALL_WATER and _ALL_WATER not in named
    return "rain" if is_rain else hourly_name(column)


def _values(name: str, column: str, texts: "pd.Series[str]", unit: str | None) -> "pd.Series[float]":
    numbers = to_numbers(texts)
    if numbers.unknown:
        raise InputError(f"{name}: {column} holds {numbers.unknown[0]!r}, which is not a number")
    if unit is not None:
        return converted(name, column, numbers.values, unit)
    # What our own requests ask for, and older exports hold: everything as in the table, but feet of snow.
    return numbers.values * _INCHES_PER_FOOT if column == "snow_depth" else numbers.values


def _refuse_undeclared(
    name: str, hours: pd.DataFrame, *, units: Mapping[str, str], zone_is_stated: bool
) -> None:
    if "rain" not in units:
        refuse_millimetres(name, hours["rain"])
    warmest = None if zone_is_stated else warmest_hour(hours)
    if warmest is not None and _LATEST_WARMEST_HOUR < warmest < _LATEST_WARMEST_HOUR + _OFFSET_HOURS:
        raise InputError(
            f"{name}: days would be warmest at {warmest:.0f}:00, so the hours are not New York's, and the "
            f"file states no zone: keep its first lines, or export it with the time zone {TIME_ZONE}"
        )


def newest_forecast(hours: pd.DataFrame) -> tuple[pd.DataFrame, pd.Timestamp]:
    """Return the days from the newest issue's own on, each by the latest issue that has it whole.

    Args:
        hours: Forecast hours with ``issued_at`` (aware UTC), of one issue or many.
    Returns:
        Days in the weather table's columns, and the issue time that none of them is older than.
    Raises:
        InputError: No issue has a whole day.
        DataError: A value breaks a contract.
    """
    first = hours["issued_at"].max().tz_convert(TIME_ZONE).normalize().tz_localize(None)
    ahead = hours[hours["timestamp"] >= first]
    found: list[pd.DataFrame] = []
    for issued_at, issue in ahead.groupby("issued_at", sort=True):
        days = daily_from_hourly(issue).assign(issued_at=issued_at)
        found.append(days)
    days = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["DATE", "issued_at"])
    if days.empty:
        raise InputError(f"no forecast has a whole day from {first.date()} on")
    newest = days.drop_duplicates("DATE", keep="last").sort_values("DATE", ignore_index=True)
    return newest.drop(columns="issued_at"), newest["issued_at"].min()


def _issued_at(named: pd.DataFrame) -> pd.Series:
    if ISSUE_DATE not in named:
        return pd.Series(pd.NaT, index=named.index, dtype="datetime64[us, UTC]")
    wall = pd.to_datetime(named[ISSUE_DATE]) + pd.to_timedelta(
        pd.to_numeric(named.get("issue_hour", 0)), unit="h"
    )
    local = wall.dt.tz_localize(TIME_ZONE, ambiguous=True, nonexistent="shift_forward")
    return local.dt.tz_convert("UTC").astype("datetime64[us, UTC]")

"""Weather files as people have them, recognised by content, checked and merged by day.

NOAA's daily exports, parquet tables, and Open-Meteo's hours. Observed weather trains; a forecast is for
serving (step ``publish-outlook``) and stays out of the table: a day is observed once it is over.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field, replace

import pandas as pd

from bikecast.errors import DataError, InputError
from bikecast.names import TIME_ZONE
from bikecast.storage import ObjectStore
from bikecast.tabular.frames import RawTable, read_table
from use_cases.citibike.hourly_weather.table import add_hours
from use_cases.citibike.keys import FORECAST_PREFIX, RAW_WEATHER_PREFIX
from use_cases.citibike.tables.hourly import known_weather, write_weather
from use_cases.citibike.wall_time import span
from use_cases.citibike.weather.columns import is_hourly, is_weather
from use_cases.citibike.weather.daily import Days, days_of
from use_cases.citibike.weather.first_seen import first_seen
from use_cases.citibike.weather.hourly import ISSUE_DATE, Hours, daily_from_hourly, hours_of
from use_cases.citibike.weather.open_meteo import is_json, read_json
from use_cases.citibike.weather.units import refuse_implausible, temperature_scale

_SAME = 0.05


class ForecastFileError(InputError):
    """The file holds forecasts, which are known too early to be what happened.

    ``hours`` are those of a file that tells when each was issued.
    """

    hours: pd.DataFrame | None = None


@dataclass(frozen=True)
class WeatherLoad:
    """Days taken in, files that were not with their reason, files of forecasts, and notes by file."""

    days: int = 0
    forecasts: tuple[str, ...] = ()
    problems: dict[str, str] = field(default_factory=dict)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class WeatherFile(Days):
    """Days of a file; those made of hours give way to a station's and keep their ``hours``."""

    is_station: bool = True
    hours: pd.DataFrame | None = None


def load_weather_files(
    store: ObjectStore, keys: Collection[str] | None = None, *, now: dt.datetime | None = None
) -> WeatherLoad:
    """Take files into the weather table, all under ``raw/weather/`` or those named.

    Of two files, a station's days go before those made of hours, and then the later name's. A value that
    one lacks is taken from the other. A file that cannot be used changes nothing; the result has its reason.

    Args:
        store: The data bucket.
        keys: Files; all under ``raw/weather/`` if absent.
        now: Aware instant of the load.
    """
    read, problems, forecasts, issued = {}, {}, [], []
    for key in sorted(store.keys(RAW_WEATHER_PREFIX) if keys is None else keys):
        try:
            read[key] = _read_observed(store, key, now or dt.datetime.now(dt.UTC))
        except ForecastFileError as err:
            forecasts.append(key)
            issued += [] if err.hours is None else [err.hours]
        except (InputError, DataError) as err:
            problems[key] = str(err)
    notes = {key: found.notes for key, found in read.items() if found.notes}
    taken, changes = _taken(read)
    for hours in (*issued, *(found.hours for found in read.values() if found.hours is not None)):
        add_hours(store, hours)
    if len(taken):
        changes = _noted(changes, "weather table", merge_weather(store, taken))
    return WeatherLoad(len(taken), tuple(forecasts), problems, notes | changes)


def _read_observed(store: ObjectStore, key: str, now: dt.datetime) -> WeatherFile:
    """Read the days of a file that were over when it was first seen.

    Raises:
        ForecastFileError: It holds forecasts, or no day that is over.
    """
    if key.startswith(FORECAST_PREFIX):
        raise ForecastFileError(f"{key} was given as a forecast")
    body = store.read(key).body
    found = read_weather_file(key, body)
    today = pd.Timestamp(now).tz_convert(TIME_ZONE).tz_localize(None).normalize()
    holds_days_ahead = bool(found.frame["DATE"].max() >= today)
    ahead = found.frame["DATE"] >= first_seen(store, body, today, remember=holds_days_ahead)
    if not ahead.any():
        return found
    if ahead.all():
        raise ForecastFileError(
            f"{key} holds only days that were not over yet: `bikecast outlook` publishes them"
        )
    days = span(found.frame.loc[ahead, "DATE"])
    note = f"{days} were not over when the file was first seen, so they are forecasts and left out"
    return replace(found, frame=found.frame[~ahead], notes=(*found.notes, note), hours=_over(found, ahead))


def _over(found: WeatherFile, ahead: "pd.Series[bool]") -> pd.DataFrame | None:
    """Return a file's hours without those of days that were not over."""
    if found.hours is None:
        return None
    days = found.hours["timestamp"].dt.normalize()
    over: pd.DataFrame = found.hours[days < found.frame.loc[ahead, "DATE"].min()]
    return over


def _taken(read: dict[str, WeatherFile]) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]]]:
    """Merge files from the least to the most trusted, and tell where they contradict each other."""
    notes: dict[str, tuple[str, ...]] = {}
    taken = pd.DataFrame({"DATE": pd.to_datetime([])})
    for key, found in sorted(read.items(), key=lambda item: (item[1].is_station, item[0])):
        taken, changed = combined(taken, found.frame)
        notes = _noted(notes, key, changed)
    return taken, notes


def _noted(
    notes: dict[str, tuple[str, ...]], key: str, changed: pd.DatetimeIndex
) -> dict[str, tuple[str, ...]]:
    if not len(changed):
        return notes
    note = f"{len(changed)} days have other values than what was known, which they replace: {span(changed)}"
    return notes | {key: (*notes.get(key, ()), note)}


def merge_weather(store: ObjectStore, weather: pd.DataFrame) -> pd.DatetimeIndex:
    """Put days into the weather table; what they do not say stays as it is known.

    Returns:
        Days of which a known value changed.
    Raises:
        DataError: The contract is broken; nothing is written.
    """
    first, last = weather["DATE"].min().date(), weather["DATE"].max().date()
    before = known_weather(store, first.replace(month=1, day=1), last.replace(month=12, day=31))
    table, changed = combined(before, weather)
    write_weather(store, table)
    return changed


def combined(known: pd.DataFrame, later: pd.DataFrame) -> tuple[pd.DataFrame, pd.DatetimeIndex]:
    """Lay later days over known ones value by value, and return the days whose known values changed."""
    old, new = known.set_index("DATE"), later.set_index("DATE")
    both, shared = old.index.intersection(new.index), old.columns.intersection(new.columns)
    apart = (old.loc[both, shared] - new.loc[both, shared]).abs() > _SAME
    table = new.combine_first(old).reset_index() if len(old) else later
    return table, pd.DatetimeIndex(both[apart.any(axis=1)])


def read_weather_file(name: str, body: bytes) -> WeatherFile:
    """Return the complete days of one file, checked; days without a required value are left out with a note.

    Hours become days by their extremes, sums and means.

    Args:
        name: What errors call it; the content alone tells what it is.
        body: The file.
    Raises:
        ForecastFileError: It tells when its values were forecast.
        InputError: It cannot be read, lacks a column, mixes stations or has units that it does not state.
        DataError: A value breaks the contract.
    """
    raw = read_raw(name, body)
    if not is_hourly(list(raw.frame.columns)):
        days = days_of(name, raw)
        return WeatherFile(days.frame, days.notes)
    hours = hours_of(name, raw)
    if ISSUE_DATE in raw.frame:
        refused = ForecastFileError(f"{name} holds forecasts: `bikecast outlook` publishes them")
        refused.hours = hours.frame
        raise refused
    return WeatherFile(_days_of_hours(name, hours), hours.notes, is_station=False, hours=hours.frame)


def read_raw(name: str, body: bytes) -> RawTable:
    """Return a file's rows as they are, by whatever format its content has.

    Raises:
        InputError: It is not a table with a weather header.
    """
    return read_json(name, body) if is_json(body) else read_table(name, body, is_weather)


def _days_of_hours(name: str, hours: Hours) -> pd.DataFrame:
    days = daily_from_hourly(hours.frame)
    if "temperature" not in hours.stated and temperature_scale(days) != "°F":
        raise InputError(
            f"{name} seems to be in metric units (mean TMAX {days['TMAX'].mean():.1f}) and states none; keep "
            "the units in the column names, or export it in °F, inches and mph"
        )
    ours = {"rain": "PRCP", "snowfall": "SNOW", "wind": "AWND"}
    refuse_implausible(
        name, days, stated=frozenset(ours[column] for column in hours.stated if column in ours)
    )
    return days

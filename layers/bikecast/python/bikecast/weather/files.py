"""Weather files as people have them, checked and merged by day.

NOAA's CSV exports, parquet tables, and Open-Meteo's hours. Observed weather trains; a file of forecasts
is for serving (step ``publish-outlook``) and stays out of the table.
"""

import io
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from bikecast.contracts import WEATHER_OPTIONAL, WEATHER_REQUIRED
from bikecast.errors import DataError, InputError
from bikecast.names import RAW_WEATHER_PREFIX
from bikecast.storage import ObjectStore
from bikecast.tables import checked_weather, known_weather, write_weather
from bikecast.weather.hourly import daily_from_hourly, is_hourly, named_hours

STATION = "USW00014732"
# Mean daily maximum by month, °F, LaGuardia 1991-2020. Source: NOAA U.S. Climate Normals.
_USUAL_HIGHS = np.array([39.5, 42.2, 49.9, 61.8, 71.4, 79.7, 85.3, 83.6, 76.6, 65.2, 54.8, 45.0])
_ENOUGH_DAYS = 5
_READERS: dict[str, Callable[[io.BytesIO], pd.DataFrame]] = {
    "csv": lambda file: pd.read_csv(file, skipinitialspace=True, dtype={"STATION": str}),
    "parquet": pd.read_parquet,
}


class ForecastFileError(InputError):
    """The file holds forecasts, which are known too early to be what happened."""


@dataclass(frozen=True)
class WeatherLoad:
    """Days taken in, the files that were not with their reason, and files of forecasts."""

    days: int = 0
    forecasts: tuple[str, ...] = ()
    problems: dict[str, str] = field(default_factory=dict)


def load_weather_files(store: ObjectStore, keys: Collection[str] | None = None) -> WeatherLoad:
    """Take files into the weather table, all under ``raw/weather/`` or those named.

    Of two files, the later name wins a day. A file that cannot be used changes nothing; the result has its
    reason.
    """
    tables, problems, forecasts = [], {}, []
    for key in store.keys(RAW_WEATHER_PREFIX) if keys is None else sorted(keys):
        try:
            tables.append(read_weather_file(key, store.read(key).body))
        except ForecastFileError:
            forecasts.append(key)
        except (InputError, DataError) as err:
            problems[key] = str(err)
    load = WeatherLoad(forecasts=tuple(forecasts), problems=problems)
    if not tables:
        return load
    weather = pd.concat(tables, ignore_index=True).drop_duplicates("DATE", keep="last")
    merge_weather(store, weather)
    return replace(load, days=len(weather))


def merge_weather(store: ObjectStore, weather: pd.DataFrame) -> None:
    """Put days into the weather table in place of what it holds of them.

    Raises:
        DataError: The contract is broken; nothing is written.
    """
    first, last = weather["DATE"].min().date(), weather["DATE"].max().date()
    before = known_weather(store, first.replace(month=1, day=1), last.replace(month=12, day=31))
    stays = before[~before["DATE"].isin(weather["DATE"])]
    write_weather(store, pd.concat([stays, weather], ignore_index=True) if len(stays) else weather)


def read_weather_file(name: str, body: bytes) -> pd.DataFrame:
    """Return the complete days of one file, checked; days without a required value are left out.

    Hours become days by their extremes, sums and means.

    Args:
        name: Tells the format by its suffix, .csv or .parquet.
        body: The file.
    Raises:
        ForecastFileError: It tells when its values were forecast.
        InputError: It cannot be read, lacks a column, mixes stations or is in metric units.
        DataError: A value breaks the contract.
    """
    raw = read_raw(name, body)
    if not is_hourly(raw):
        return daily_table(name, raw)
    hours = named_hours(name, raw)
    if hours["issued_at"].notna().any():
        raise ForecastFileError(f"{name} holds forecasts: `bikecast outlook` publishes them")
    days = daily_from_hourly(hours)
    _refuse_metric(name, days)
    return days


def read_raw(name: str, body: bytes) -> pd.DataFrame:
    """Return a file's rows as they are.

    Raises:
        InputError: It is neither CSV nor parquet.
    """
    suffix = name.rsplit(".", 1)[-1].lower()
    if suffix not in _READERS:
        raise InputError(f"{name} is neither .csv nor .parquet")
    try:
        return _READERS[suffix](io.BytesIO(body))
    except (ValueError, pa.ArrowInvalid) as err:
        raise InputError(f"{name} cannot be read as {suffix} ({err})") from err


def daily_table(name: str, raw: pd.DataFrame) -> pd.DataFrame:
    """Return the complete days of a table with NOAA's column names in any case.

    Raises:
        InputError: A column is missing, stations are mixed or units are metric.
        DataError: A value breaks the contract.
    """
    named = raw.rename(columns=lambda column: re.sub(r"\W", "", str(column)).upper())
    missing = [column for column in ("DATE", *WEATHER_REQUIRED) if column not in named.columns]
    if missing:
        raise InputError(f"{name} lacks the columns {missing}; found {list(raw.columns)}")
    _refuse_other_stations(name, named)
    known = [column for column in (*WEATHER_REQUIRED, *WEATHER_OPTIONAL) if column in named.columns]
    days = (
        named[known]
        .apply(pd.to_numeric, errors="coerce")
        .assign(DATE=pd.to_datetime(named["DATE"], errors="coerce"))
    )
    complete = days.dropna(subset=["DATE", *WEATHER_REQUIRED])
    if complete.empty:
        raise InputError(f"{name} has no day with all of {list(WEATHER_REQUIRED)}")
    _refuse_metric(name, complete)
    return checked_weather(complete)


def _refuse_other_stations(name: str, table: pd.DataFrame) -> None:
    stations = sorted(set(table.get("STATION", pd.Series([STATION], dtype=str)).astype(str)))
    if len(stations) > 1:
        raise InputError(f"{name} mixes the stations {stations}; keep one, best {STATION} (LaGuardia)")


def _refuse_metric(name: str, days: pd.DataFrame) -> None:
    usual = _USUAL_HIGHS[days["DATE"].dt.month - 1]
    off_fahrenheit = (days["TMAX"] - usual).abs().mean()
    off_celsius = (days["TMAX"] - (usual - 32) / 1.8).abs().mean()
    if len(days) >= _ENOUGH_DAYS and off_celsius < off_fahrenheit:
        raise InputError(
            f"{name} seems to be in metric units (mean TMAX {days['TMAX'].mean():.1f}); "
            "export it in °F, inches and mph (units=standard)"
        )

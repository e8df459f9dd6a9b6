"""The two tables everything learns from: hourly demand and daily weather, one parquet file a year.

All times are New York wall time. The missing hour of spring has no row; the repeated hour of
autumn is one row that holds both.
"""

import datetime as dt
import logging

import pandas as pd

from bikecast.errors import DataError
from bikecast.storage import ObjectStore
from bikecast.yearly import read_parquet, write_years
from use_cases.citibike.keys import citibike_key, weather_key
from use_cases.citibike.tables.closures import read_closures
from use_cases.citibike.tables.contracts import (
    HOURLY,
    HOURLY_COLUMNS,
    WEATHER,
    WEATHER_OPTIONAL,
    WEATHER_REQUIRED,
    checked,
)
from use_cases.citibike.wall_time import span, wall_hours

logger = logging.getLogger(__name__)

MAX_MISSING_SHARE = 0.01
# An hour without a row is a true zero where the usual count is small: Poisson(10) is zero once in 22,000.
QUIET_HOUR_TRIPS = 10


def read_hourly(store: ObjectStore, start: dt.date, end: dt.date) -> pd.DataFrame:
    """Return the hours from ``start`` to ``end`` inclusive, in order and checked.

    Rows that repeat an hour are parts of it, as the publisher splits files by trip end: they are
    summed and the sum is logged. An absent hour of a quiet time of day is a true zero. Hours in
    which the system was shut are left out.

    Returns:
        Columns ``date`` (midnight), ``hour``, ``trips``, ``holiday``.
    Raises:
        DataError: More than 1 % of the hours are missing, named by day, or the contract is broken.
    """
    hourly = known_hourly(store, start, end)
    if hourly.empty:
        raise DataError(f"no hourly demand between {start} and {end}; load these years first")
    return _complete(hourly, start, end, closed=read_closures(store).hours)


def known_hourly(store: ObjectStore, start: dt.date, end: dt.date) -> pd.DataFrame:
    """Return what ``read_hourly`` does without asking for the hours that are not there.

    Raises:
        DataError: The contract is broken.
    """
    # The year after also holds the first hours that its files bring back into this one.
    years = range(start.year - 1, end.year + 2)
    parts = [part for part in (read_parquet(store, citibike_key(year)) for year in years) if part is not None]
    hourly = repaired(pd.concat(parts, ignore_index=True)) if parts else _no_demand()
    return hourly[hourly["date"].between(pd.Timestamp(start), pd.Timestamp(end))].reset_index(drop=True)


def read_weather(store: ObjectStore, start: dt.date, end: dt.date) -> pd.DataFrame:
    """Return the days from ``start`` to ``end`` inclusive that have weather, in order and checked.

    Raises:
        DataError: There is none, or the contract is broken.
    """
    weather = known_weather(store, start, end)
    if weather.empty:
        raise DataError(f"no weather between {start} and {end}; load weather for these days first")
    return weather


def known_weather(store: ObjectStore, start: dt.date, end: dt.date) -> pd.DataFrame:
    """Return what ``read_weather`` does, or an empty table if no day has weather.

    Raises:
        DataError: The contract is broken.
    """
    years = (read_parquet(store, weather_key(year)) for year in range(start.year, end.year + 1))
    parts = [part for part in years if part is not None]
    weather = checked_weather(pd.concat(parts, ignore_index=True) if parts else _no_weather())
    return weather[weather["DATE"].between(pd.Timestamp(start), pd.Timestamp(end))].reset_index(drop=True)


def join_weather(hourly: pd.DataFrame, weather: pd.DataFrame) -> pd.DataFrame:
    """Put each day's weather beside its hours.

    Returns:
        One row an hour with the columns of both (``DATE`` dropped) and ``timestamp``, its start.
    Raises:
        DataError: More than 1 % of the hours have no weather; the days are named.
    """
    joined = hourly.merge(weather, left_on="date", right_on="DATE", how="inner", validate="many_to_one")
    lost = hourly.loc[~hourly["date"].isin(weather["DATE"]), "date"]
    if len(lost) > MAX_MISSING_SHARE * len(hourly):
        raise DataError(
            f"{len(lost)} of {len(hourly)} hours have no weather ({span(lost)}); "
            f"at most {MAX_MISSING_SHARE:.0%} may be lost: load weather for these days"
        )
    if len(lost):
        logger.warning("hours without weather left out", extra={"hours": len(lost), "days": span(lost)})
    joined["timestamp"] = (joined["date"] + pd.to_timedelta(joined["hour"], unit="h")).astype("datetime64[s]")
    return joined.drop(columns="DATE")


def write_hourly(store: ObjectStore, frame: pd.DataFrame) -> list[str]:
    """Write one file a year, replacing those years, and return the keys.

    Raises:
        DataError: The contract is broken; nothing is written.
    """
    hourly = checked(frame.loc[:, list(HOURLY_COLUMNS)], HOURLY).sort_values(["date", "hour"])
    return write_years(store, hourly, years=hourly["date"].dt.year, key=citibike_key)


def write_weather(store: ObjectStore, frame: pd.DataFrame) -> list[str]:
    """Write one file a year, replacing those years, and return the keys.

    Raises:
        DataError: The contract is broken; nothing is written.
    """
    weather = checked_weather(frame)
    return write_years(store, weather, years=weather["DATE"].dt.year, key=weather_key)


def repaired(hourly: pd.DataFrame) -> pd.DataFrame:
    """Sum the rows that repeat an hour, say so in the log, and check the contract.

    Raises:
        DataError: A column is missing or a value breaks the contract.
    """
    _require(hourly, HOURLY_COLUMNS)
    repeated = int(hourly.duplicated(["date", "hour"]).sum())
    if repeated:
        logger.warning("repeated hours summed", extra={"rows": repeated})
    summed = hourly.groupby(["date", "hour"], as_index=False).agg({"trips": "sum", "holiday": "max"})
    return checked(summed[list(HOURLY_COLUMNS)], HOURLY)


def checked_weather(weather: pd.DataFrame) -> pd.DataFrame:
    """Return the known weather columns in order of day; exact repetitions of a day are dropped.

    Raises:
        DataError: A column is missing, a day has two different rows, or a value is out of range.
    """
    _require(weather, ("DATE", *WEATHER_REQUIRED))
    known = [name for name in ("DATE", *WEATHER_REQUIRED, *WEATHER_OPTIONAL) if name in weather.columns]
    distinct = weather[known].drop_duplicates().sort_values("DATE").reset_index(drop=True)
    return checked(distinct, WEATHER)


def _no_demand() -> pd.DataFrame:
    return checked(pd.DataFrame({"date": pd.to_datetime([])}).reindex(columns=list(HOURLY_COLUMNS)), HOURLY)


def _no_weather() -> pd.DataFrame:
    return pd.DataFrame(
        {"DATE": pd.to_datetime([])} | dict.fromkeys(WEATHER_REQUIRED, pd.Series(dtype=float))
    )


def _require(frame: pd.DataFrame, columns: tuple[str, ...]) -> None:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise DataError(f"columns {missing} are missing; found {list(frame.columns)}")


def _complete(
    hourly: pd.DataFrame, start: dt.date, end: dt.date, *, closed: pd.DatetimeIndex
) -> pd.DataFrame:
    clock = wall_hours(start, end)
    closed, expected = clock.intersection(closed), clock.difference(closed)
    found = pd.DatetimeIndex(hourly["date"] + pd.to_timedelta(hourly["hour"], unit="h"))
    absent = expected.difference(found)
    usual = hourly.groupby("hour")["trips"].median().to_dict()
    quiet = absent[absent.hour.map(usual).fillna(QUIET_HOUR_TRIPS + 1) <= QUIET_HOUR_TRIPS]
    # A day with no trips at all is missing data or an outage, not zero demand.
    zeros = quiet[quiet.normalize().isin(found.normalize()) & (quiet > found.min()) & (quiet < found.max())]
    lost = absent.difference(zeros)
    if len(lost) > MAX_MISSING_SHARE * len(expected):
        raise DataError(
            f"{len(lost)} of {len(expected)} hours have no demand ({span(lost)}); "
            f"at most {MAX_MISSING_SHARE:.0%} may be missing: load these days, or say that the "
            "system was shut (`bikecast load --closed 2016-01-23T13..2016-01-26T06`)"
        )
    if len(closed):
        logger.info("closed hours left out", extra={"hours": len(closed), "days": span(closed)})
    if len(absent):
        logger.warning("hours without trips", extra={"as_zero": len(zeros), "left_out": len(lost)})
    return _with_zeros(hourly, zeros)


def _with_zeros(hourly: pd.DataFrame, zeros: pd.DatetimeIndex) -> pd.DataFrame:
    if not len(zeros):
        return hourly
    holiday = hourly.groupby("date")["holiday"].max()
    rows = pd.DataFrame({"date": zeros.normalize(), "hour": zeros.hour, "trips": 0})
    rows["holiday"] = rows["date"].map(holiday).fillna(0)
    filled = pd.concat([hourly, rows.astype(hourly.dtypes)], ignore_index=True)
    return filled.sort_values(["date", "hour"], ignore_index=True)

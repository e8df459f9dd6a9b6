"""The table of hourly weather: what was observed, and what was forecast with its time of issue.

One parquet file a year and kind. A forecast's hours before its issue are not a forecast and are left out.
"""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from bikecast.names import TIME_ZONE, Prefix
from bikecast.storage import ObjectStore
from bikecast.yearly import read_parquet, write_years
from use_cases.citibike.hourly_weather.features import CHANCE, MOST_LEAD_DAYS, NEEDED, VALUES

COLUMNS = ("timestamp", "issued_at", *VALUES)
PAST_DAYS = 4  # of observed weather before a stretch, for snow that lies
_HOUR = pd.Timedelta(hours=1)


@dataclass(frozen=True)
class HourlyWeather:
    """Hours in New York wall time; ``issued_at`` is wall time too, missing where weather was observed."""

    observed: pd.DataFrame
    forecasts: pd.DataFrame


def observed_key(year: int) -> str:
    """Key of one year's observed hours in the data bucket."""
    return f"{Prefix.HOURLY_WEATHER}{year}-observed.parquet"


def forecasts_key(year: int) -> str:
    """Key of the forecasts of one year's hours in the data bucket."""
    return f"{Prefix.HOURLY_WEATHER}{year}-forecasts.parquet"


def add_hours(store: ObjectStore, hours: pd.DataFrame) -> int:
    """Put hours into the table; what it has of the same hour and issue is replaced.

    Args:
        store: The data bucket.
        hours: As ``weather.hourly.Hours`` has them.
    Returns:
        How many hours were taken.
    Raises:
        DataError: The contract is broken; nothing is written.
    """
    frame = normalised(hours)
    forecast = frame["issued_at"].notna()
    for part, key in ((frame[~forecast], observed_key), (frame[forecast], forecasts_key)):
        years = sorted(set(part["timestamp"].dt.year))
        known = [table for year in years if (table := read_parquet(store, key(year))) is not None]
        merged = pd.concat([*known, part], ignore_index=True) if known else part
        merged = merged.drop_duplicates(["timestamp", "issued_at"], keep="last")
        merged = merged.sort_values(["issued_at", "timestamp"], ignore_index=True)
        write_years(store, merged, years=merged["timestamp"].dt.year, key=key)
    return len(frame)


def normalised(hours: pd.DataFrame) -> pd.DataFrame:
    """Return hours in the table's columns, without those that lack a value or precede their issue."""
    # Contracts take a second to import, and only loading writes.
    from use_cases.citibike.tables.contracts import checked
    from use_cases.citibike.weather.hourly import HOURLY_WEATHER

    rain = hours["rain"] + hours["showers"].fillna(0) if "showers" in hours else hours["rain"]
    issued = hours["issued_at"].dt.tz_convert(TIME_ZONE).dt.tz_localize(None).astype("datetime64[s]")
    frame = checked(hours.assign(rain=rain, issued_at=issued), HOURLY_WEATHER)
    frame = frame.reindex(columns=list(COLUMNS)).dropna(subset=["timestamp", *NEEDED])
    frame[CHANCE] = frame[CHANCE].where(frame["issued_at"].notna())  # what was measured had no chance
    ahead = frame["issued_at"].isna() | (frame["timestamp"] > frame["issued_at"] - _HOUR)
    typed = frame[ahead].astype(dict.fromkeys(VALUES, float))
    typed["timestamp"] = typed["timestamp"].astype("datetime64[s]")
    return typed.drop_duplicates(["timestamp", "issued_at"], keep="last").reset_index(drop=True)


def read_hourly_weather(store: ObjectStore, start: dt.date, end: dt.date) -> HourlyWeather | None:
    """Return the weather from ``start`` to ``end`` inclusive, with what came before; None without any."""
    first, after = (
        pd.Timestamp(start) - pd.Timedelta(days=PAST_DAYS),
        pd.Timestamp(end + dt.timedelta(days=1)),
    )
    years = range(first.year, end.year + 1)
    found = {}
    for kind, key in (("observed", observed_key), ("forecasts", forecasts_key)):
        parts = [part for year in years if (part := read_parquet(store, key(year))) is not None]
        table = pd.concat(parts, ignore_index=True) if parts else no_hours()
        table = table.reindex(columns=list(COLUMNS))  # older code wrote fewer
        found[kind] = table[table["timestamp"].between(first, after, inclusive="left")]
    if found["observed"].empty:
        return None
    return HourlyWeather(**found)


def no_hours() -> pd.DataFrame:
    """Return an empty table."""
    empty = pd.DataFrame(columns=list(COLUMNS)).astype(dict.fromkeys(VALUES, float))
    return empty.astype({"timestamp": "datetime64[s]", "issued_at": "datetime64[s]"})


def lead_days(timestamps: "pd.Series[pd.Timestamp]", issued_at: pd.Timestamp) -> "pd.Series[float]":
    """Return the days from an issue's day to each hour's; more than ``MOST_LEAD_DAYS`` are missing."""
    days = (timestamps.dt.normalize() - issued_at.normalize()).dt.days.astype(float)
    return days.where(days <= MOST_LEAD_DAYS)

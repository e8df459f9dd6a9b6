"""The hourly counts that a store holds, as plain values."""

import datetime as dt

import pandas as pd

from bikecast.errors import DataError
from bikecast.names import Prefix
from bikecast.storage import ObjectStore
from bikecast.yearly import read_parquet
from use_cases.citibike.loading.reports import LoadReport
from use_cases.citibike.tables.hourly import write_weather
from use_cases.citibike.tables.publish import publish_tables

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def counts(store: ObjectStore) -> dict[str, int]:
    """Return trips by hour (``2024-01-05 08``) as the files hold them, without any repair."""
    tables = [read_parquet(store, key) for key in store.keys(Prefix.PROCESSED_CITIBIKE)]
    rows = pd.concat([table for table in tables if table is not None])
    hours = [f"{row.date:%Y-%m-%d} {row.hour:02d}" for row in rows.itertuples()]
    assert len(hours) == len(set(hours))
    return dict(sorted(zip(hours, rows["trips"].tolist(), strict=True)))


def publish(
    store: ObjectStore, groups: list[str] | None = None, *, years: range = range(2024, 2025)
) -> LoadReport:
    """Publish with weather for every day."""
    days = pd.date_range(f"{years[0]}-01-01", f"{years[-1]}-12-31")
    write_weather(store, pd.DataFrame({"DATE": days, "TMAX": 60.0, "TMIN": 40.0, "SNOW": 0.0}))
    return publish_tables(store, groups, now=NOW)


__all__ = ["NOW", "DataError", "counts", "publish"]

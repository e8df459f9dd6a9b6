"""Counted months put into the yearly files, which may hold rows of the years around theirs."""

import json
from collections import Counter
from collections.abc import Mapping

import pandas as pd

from bikecast.names import Prefix
from bikecast.storage import MissingObjectError, ObjectStore
from bikecast.yearly import read_parquet, write_parquet
from use_cases.citibike.keys import citibike_key
from use_cases.citibike.tables.contracts import HOURLY_COLUMNS
from use_cases.citibike.tables.coverage import STRAY_HOURS
from use_cases.citibike.tables.hourly import repaired

COUNTED_KEY = f"{Prefix.TRIPS}_counted.json"


def replace_months(store: ObjectStore, counted: Mapping[str, pd.DataFrame]) -> list[str]:
    """Replace months of the hourly table and return the keys of the files that were written.

    Files made elsewhere may hold a neighbour year's last hour; what they hold of a counted month
    goes, what they hold of other months stays where it is.

    Args:
        store: The data bucket.
        counted: ``date, hour, trips, holiday`` by start month; empty for a month without trips.
    Raises:
        DataError: A table breaks its contract; nothing is written.
    """
    fresh = pd.concat([frame[list(HOURLY_COLUMNS)] for frame in counted.values()], ignore_index=True)
    keys = {citibike_key(year): fresh[fresh["date"].dt.year == year] for year in _years(store, counted)}
    tables = {key: _replaced(store, key, rows, set(counted)) for key, rows in keys.items()}
    written = {key: table for key, table in tables.items() if table is not None}
    whole = {month for month, frame in counted.items() if len(frame) >= STRAY_HOURS}
    store.write(COUNTED_KEY, json.dumps(sorted(counted_months(store) | whole)).encode())
    for key, table in written.items():
        write_parquet(store, key, table)
    return sorted(written)


def counted_months(store: ObjectStore) -> set[str]:
    """Return the months that the table has, or had, whole from rides and not from a table made elsewhere."""
    try:
        return set(json.loads(store.read(COUNTED_KEY).body))
    except MissingObjectError:
        return set()


def hours_by_month(store: ObjectStore) -> Counter[str]:
    """Return how many hours the hourly table holds of each month."""
    hours: Counter[str] = Counter()
    for year in _years(store, {}):
        table = read_parquet(store, citibike_key(year))
        if table is not None:
            hours.update(table["date"].dt.strftime("%Y-%m").tolist())
    return hours


def _years(store: ObjectStore, counted: Mapping[str, pd.DataFrame]) -> set[int]:
    names = (key.removeprefix(Prefix.PROCESSED_CITIBIKE) for key in store.keys(Prefix.PROCESSED_CITIBIKE))
    return {int(month[:4]) for month in counted} | {int(name[:4]) for name in names if name[:4].isdigit()}


def _replaced(store: ObjectStore, key: str, rows: pd.DataFrame, months: set[str]) -> pd.DataFrame | None:
    """Return the year's new table, or None if nothing of it changes."""
    before = read_parquet(store, key)
    if before is None:
        return repaired(rows) if len(rows) else None
    stays = ~before["date"].dt.strftime("%Y-%m").isin(months)
    if stays.all() and rows.empty:
        return None
    return repaired(pd.concat([before[stays], rows], ignore_index=True))

"""Counted months put into the yearly files, which may hold rows of the years around theirs."""

from collections.abc import Mapping

import pandas as pd

from bikecast.contracts import HOURLY_COLUMNS
from bikecast.names import Prefix, citibike_key
from bikecast.storage import ObjectStore
from bikecast.tables import repaired
from bikecast.yearly import read_parquet, write_parquet


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
    for key, table in written.items():
        write_parquet(store, key, table)
    return sorted(written)


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

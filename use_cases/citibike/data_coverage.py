"""Data coverage of the processed tables: the days that have demand and weather."""

import io
from contextlib import suppress

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bikecast.errors import DataError
from bikecast.names import Prefix
from bikecast.storage import ObjectStore
from use_cases.citibike.days import DataCoverage, note_coverage

Days = NDArray[np.datetime64]
# Weather misses a day here and there; files of another year are another stretch.
BRIDGED = np.timedelta64(7, "D")


def read_coverage(store: ObjectStore) -> DataCoverage:
    """Return the latest stretch of days that have demand and weather; gaps of up to a week do not end it.

    Args:
        store: The data bucket.
    Raises:
        DataError: One of them was never loaded, or no day has both.
    """
    demand = _days(store, Prefix.PROCESSED_CITIBIKE, "date")
    weather = _days(store, Prefix.PROCESSED_WEATHER, "DATE")
    both = np.intersect1d(demand, weather)
    if not both.size:
        raise DataError(
            f"no day has demand and weather: demand is there for {demand[0]} to {demand[-1]}, "
            f"weather for {weather[0]} to {weather[-1]}"
        )
    breaks = np.flatnonzero(np.diff(both) > BRIDGED)
    first = both[breaks[-1] + 1 if breaks.size else 0]
    return DataCoverage(first.item(), both[-1].item(), earliest=both[0].item())


def note_tables(store: ObjectStore) -> None:
    """Write down what the tables cover, once there is a day with demand and weather."""
    with suppress(DataError):
        note_coverage(store, read_coverage(store))


def _days(store: ObjectStore, prefix: str, column: str) -> Days:
    keys = [key for key in store.keys(prefix) if key.endswith(".parquet")]
    if not keys:
        raise DataError(f"there is nothing under {store.uri(prefix)}: load data first (`bikecast load`)")
    years = [pq.read_table(io.BytesIO(store.read(key).body), columns=[column]) for key in keys]
    days: Days = np.unique(
        np.concatenate([year[column].to_numpy().astype("datetime64[D]") for year in years])
    )
    return days

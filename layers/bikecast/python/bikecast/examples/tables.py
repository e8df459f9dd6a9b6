"""The checked table of a use case, for everybody who learns from it or judges by it."""

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from bikecast.errors import DataError
from bikecast.examples.contract import checked
from bikecast.examples.keys import ALL, partition_of, table_key, table_prefix
from bikecast.storage import ObjectStore
from bikecast.use_case import UseCase
from bikecast.yearly import read_parquet


def partitions(store: ObjectStore, use_case: UseCase) -> tuple[str, ...]:
    """Return the names of the partitions that are there, in order."""
    names = (partition_of(use_case.name, key) for key in store.keys(table_prefix(use_case.name)))
    return tuple(sorted(name for name in names if name is not None))


def read_table(
    store: ObjectStore,
    use_case: UseCase,
    *,
    named: Sequence[str] | None = None,
    period: tuple[dt.date, dt.date] | None = None,
) -> pd.DataFrame:
    """Return rows in their order, with the contract checked.

    Args:
        store: The data bucket.
        use_case: Whose table it is.
        named: Partitions; all of them if absent.
        period: First and last day of the rows' time, both included; all if absent.
    Returns:
        The declared inputs and the target, in the declared types.
    Raises:
        DataError: Nothing is there, a partition that is named is missing, or the contract is broken.
    """
    there = partitions(store, use_case)
    wanted = sorted(named) if named is not None else list(there)
    if period is not None and use_case.examples.partition != ALL:
        wanted = [name for name in wanted if f"{period[0]:%Y-%m}" <= name <= f"{period[1]:%Y-%m}"]
    absent = [name for name in wanted if name not in there]
    if absent or not wanted:
        what = f"no partition {', '.join(absent)}" if absent else "no rows"
        known = f"there are {', '.join(there)}" if there else "nothing is loaded"
        raise DataError(f"{use_case.name} has {what} ({known}): load files of that time first")
    found = pd.concat([_partition(store, use_case, name) for name in wanted], ignore_index=True)
    return found if period is None else _within(found, use_case, period)


def _partition(store: ObjectStore, use_case: UseCase, name: str) -> pd.DataFrame:
    key = table_key(use_case.name, name)
    frame = read_parquet(store, key)
    if frame is None:
        raise DataError(f"{store.uri(key)} is gone; load its files again")
    return checked(frame, use_case, store.uri(key))


def _within(rows: pd.DataFrame, use_case: UseCase, period: tuple[dt.date, dt.date]) -> pd.DataFrame:
    time = use_case.examples.time
    if time is None:
        raise DataError(f"rows of {use_case.name} have no time: read all of them, without a period")
    end = pd.Timestamp(period[1]) + pd.Timedelta(days=1)
    inside = (rows[time] >= pd.Timestamp(period[0])) & (rows[time] < end)
    return rows[inside].reset_index(drop=True)

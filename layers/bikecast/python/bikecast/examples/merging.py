"""A partition of the table from what every source keeps of it: each row once, the newer where two differ."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bikecast.arrays import Ints, Mask
from bikecast.errors import DataError
from bikecast.examples.contract import declared_columns
from bikecast.examples.keys import table_key
from bikecast.examples.reports import PartitionReport, SourceEntry
from bikecast.storage import MissingObjectError, ObjectStore
from bikecast.use_case import UseCase
from bikecast.yearly import read_parquet

_ARRIVAL = "_arrival"


def merge_partition(
    store: ObjectStore, use_case: UseCase, partition: str, *, entries: list[SourceEntry]
) -> PartitionReport:
    """Write one partition anew, or remove it when nothing of it is kept; the same rows write the same bytes.

    Args:
        store: The data bucket.
        use_case: Whose table it is.
        partition: Its name.
        entries: Of all sources, the newest last.
    """
    parts = [_part(store, entry.rows[partition]) for entry in entries if partition in entry.rows]
    key = table_key(use_case.name, partition)
    if not parts:
        store.delete(key)
        return PartitionReport(rows=0, repeated=0, replaced=0)
    merged, report = merged_rows(pd.concat(parts, ignore_index=True), use_case)
    _write_if_new(store, key, merged)
    return report


def merged_rows(rows: pd.DataFrame, use_case: UseCase) -> tuple[pd.DataFrame, PartitionReport]:
    """Return each row once, in an order that does not depend on where rows came from.

    Args:
        rows: The newest last.
        use_case: Whose key identifies them; a row that lacks a part of it is identified by all it has.
    """
    repeated = rows.duplicated(keep="last").to_numpy()
    distinct = rows[~repeated]
    replaced = _replaced(distinct, list(use_case.examples.key))
    kept = distinct[~replaced].assign(**{_ARRIVAL: _arrival(rows, use_case)[~repeated][~replaced]})
    kept = _ordered(kept, use_case).drop(columns=_ARRIVAL)
    return kept, PartitionReport(rows=len(kept), repeated=int(repeated.sum()), replaced=int(replaced.sum()))


def _replaced(rows: pd.DataFrame, key: list[str]) -> Mask:
    if not key:
        return np.zeros(len(rows), dtype=bool)
    identified = rows[key].notna().all(axis=1)
    return (rows.duplicated(key, keep="last") & identified).to_numpy()


def _arrival(rows: pd.DataFrame, use_case: UseCase) -> Ints:
    """Return where each row, or an older one of its key, stands first."""
    place = pd.Series(np.arange(len(rows)), index=rows.index)
    first = place.groupby([rows[name] for name in rows], dropna=False, sort=False).transform("min")
    key = list(use_case.examples.key)
    if key:
        by_key = first.groupby([rows[name] for name in key], dropna=False, sort=False).transform("min")
        first = by_key.where(rows[key].notna().all(axis=1), first)
    return first.to_numpy(dtype=np.int64)


def _ordered(rows: pd.DataFrame, use_case: UseCase) -> pd.DataFrame:
    """Sort by time, key and the rest; without a time, rows that come later follow those that were there."""
    examples = use_case.examples
    if examples.time is None:
        return rows.sort_values(_ARRIVAL, ignore_index=True)
    first = dict.fromkeys((examples.time, *examples.key))
    rest = [item.name for item in declared_columns(use_case) if item.name not in first]
    return rows.sort_values([*first, *rest], ignore_index=True, na_position="first")


def _part(store: ObjectStore, key: str) -> pd.DataFrame:
    part = read_parquet(store, key)
    if part is None:
        raise DataError(f"{store.uri(key)} is gone; load its source again with `force`")
    return part


def _write_if_new(store: ObjectStore, key: str, frame: pd.DataFrame) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), buffer)
    try:
        if store.read(key).body == buffer.getvalue():
            return
    except MissingObjectError:
        pass
    store.write(key, buffer.getvalue())

"""A partition of the table from what every source keeps of it: each row once, the newer where two differ."""

import io
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bikecast.errors import DataError
from bikecast.examples.contract import declared_columns
from bikecast.examples.keys import table_key
from bikecast.examples.reports import PartitionReport, SourceEntry
from bikecast.storage import MissingObjectError, ObjectStore
from bikecast.use_case import UseCase
from bikecast.yearly import read_parquet


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
    kept = _ordered(distinct[~replaced], use_case)
    return kept, PartitionReport(rows=len(kept), repeated=int(repeated.sum()), replaced=int(replaced.sum()))


def _replaced(rows: pd.DataFrame, key: list[str]) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    if not key:
        return np.zeros(len(rows), dtype=bool)
    identified = rows[key].notna().all(axis=1)
    return (rows.duplicated(key, keep="last") & identified).to_numpy()


def _ordered(rows: pd.DataFrame, use_case: UseCase) -> pd.DataFrame:
    """Sort by time and key; rows that share both are told apart by the rest."""
    examples = use_case.examples
    first = [name for name in (examples.time, *examples.key) if name is not None]
    rest = [item.name for item in declared_columns(use_case) if item.name not in first]
    return rows.sort_values([*dict.fromkeys(first), *rest], ignore_index=True, na_position="first")


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

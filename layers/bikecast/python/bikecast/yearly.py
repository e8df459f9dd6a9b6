"""One parquet file a year in a store: read if there, written whole."""

import io
from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bikecast.errors import DataError
from bikecast.storage import MissingObjectError, ObjectStore


def read_parquet(store: ObjectStore, key: str) -> pd.DataFrame | None:
    """Return the table, or None if there is none.

    Raises:
        DataError: The object is not a parquet file.
    """
    try:
        body = store.read(key).body
    except MissingObjectError:
        return None
    try:
        frame: pd.DataFrame = pq.read_table(io.BytesIO(body)).to_pandas()
    except (pa.ArrowInvalid, OSError) as err:
        raise DataError(f"{store.uri(key)} is not a parquet file ({err}); load that year again") from err
    return frame


def write_parquet(store: ObjectStore, key: str, frame: pd.DataFrame) -> None:
    """Write the table without its index."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), buffer)
    store.write(key, buffer.getvalue())


def write_years(
    store: ObjectStore, frame: pd.DataFrame, *, years: "pd.Series[int]", key: Callable[[int], str]
) -> list[str]:
    """Write one file a year, replacing those years, and return the keys."""
    keys = []
    for year, part in frame.groupby(years):
        keys.append(key(int(str(year))))
        write_parquet(store, keys[-1], part)
    return keys

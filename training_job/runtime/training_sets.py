"""Frozen training sets, and frames that steps hand to each other, as parquet."""

import io

import pandas as pd

from bikecast.names import DEFAULT_USE_CASE, Prefix, use_case_prefix
from bikecast.storage import ObjectStore


def write_frame(store: ObjectStore, key: str, frame: pd.DataFrame) -> None:
    """Write a frame as parquet."""
    store.write(key, frame_bytes(frame))


def frame_bytes(frame: pd.DataFrame) -> bytes:
    """Return a frame as parquet."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def read_frame(store: ObjectStore, key: str) -> pd.DataFrame:
    """Read a frame that ``write_frame`` wrote."""
    return pd.read_parquet(io.BytesIO(store.read(key).body))


def training_set_key(data_hash: str, *, use_case: str = DEFAULT_USE_CASE) -> str:
    """Key of a training set, named after its content."""
    return f"{Prefix.TRAINING_SETS}{use_case_prefix(use_case)}{data_hash[:32]}.parquet"

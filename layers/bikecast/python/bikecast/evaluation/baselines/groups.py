"""Groups of rows that are alike, by inputs or by what is computed from them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bikecast.arrays import Ints
from bikecast.columns import Columns, needed
from bikecast.evaluation.sample import Sample

Key = str | Callable[[Columns], NDArray[Any]]  # an input by name, or what is computed from inputs


def hour_of(name: str) -> Callable[[Columns], Ints]:
    """Return a key: the hour of the day of an input that is a moment."""
    return lambda columns: needed(columns, name).astype("datetime64[h]").astype(np.int64) % 24


def weekday_of(name: str) -> Callable[[Columns], Ints]:
    """Return a key: 0 for Monday to 6 for Sunday."""
    return lambda columns: (needed(columns, name).astype("datetime64[D]").astype(np.int64) + 3) % 7


def bin_of(name: str, edges: Sequence[float]) -> Callable[[Columns], Ints]:
    """Return a key: how many of the rising edges a number has reached; of its own where it is missing."""
    last = len(edges) + 1

    def key(columns: Columns) -> Ints:
        values = needed(columns, name).astype(np.float64)
        return np.where(np.isnan(values), last, np.searchsorted(edges, values, side="right"))

    return key


def groups_of(by: tuple[Key, ...], train: Sample, rows: Sample) -> tuple[Ints, Ints]:
    """Return the index of each row's group, the same for both samples; one group without keys."""
    groups = np.zeros(len(train) + len(rows), dtype=np.int64)
    for key in by:
        both = np.concatenate([_values(key, train), _values(key, rows)])
        codes = _codes(both)
        groups = np.unique(groups * (codes.max() + 1) + codes, return_inverse=True)[1].astype(np.int64)
    return groups[: len(train)], groups[len(train) :]


def _values(key: Key, sample: Sample) -> NDArray[Any]:
    return needed(sample.columns, key) if isinstance(key, str) else key(sample.columns)


def _codes(values: NDArray[Any]) -> Ints:
    if values.dtype != object:
        return np.unique(values, return_inverse=True)[1].astype(np.int64)
    index: dict[Any, int] = {}
    return np.asarray([index.setdefault(value, len(index)) for value in values.tolist()], dtype=np.int64)

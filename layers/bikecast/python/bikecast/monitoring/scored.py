"""Scored rows as plain arrays: prediction, actual value and inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Timestamps = NDArray[np.datetime64]

PREDICTION, LOW, HIGH = "prediction", "low", "high"
# 0 where a model was asked about a row that it had learnt from; anything else was predicted unseen.
OUT_OF_SAMPLE = "out_of_sample"
DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class ScoredRows:
    """Rows of (time, prediction, target if known, inputs); NaN where a value is not known.

    Args:
        timestamp: ``datetime64[s]``; wall time of the row, or the instant of the request where rows have no
            time of their own. May repeat.
        columns: Float arrays of the same length by name; a category or class is the index of its level.
        target: Which column holds what came.
    """

    timestamp: Timestamps
    columns: Mapping[str, Array]
    target: str = "target"

    def __len__(self) -> int:
        return len(self.timestamp)

    def __getitem__(self, name: str) -> Array:
        if name in self.columns:
            return self.columns[name]
        return np.full(len(self), np.nan)

    def has(self, name: str) -> bool:
        """Tell whether the column exists and has at least one value."""
        return name in self.columns and not bool(np.isnan(self.columns[name]).all())

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Return the rows that a mask or an index selects."""
        columns = {name: values[rows] for name, values in self.columns.items()}
        return replace(self, timestamp=self.timestamp[rows], columns=columns)

    def with_columns(self, columns: Mapping[str, Array]) -> Self:
        """Return the rows with these columns put in or replaced."""
        return replace(self, columns={**self.columns, **columns})

    def between(self, start: np.datetime64, end: np.datetime64) -> Self:
        """Return the rows of ``start <= time < end``."""
        return self.take((self.timestamp >= start) & (self.timestamp < end))

    def out_of_sample(self) -> Self:
        """Return the rows whose prediction was made without having seen their target."""
        return self.take(self[OUT_OF_SAMPLE] != 0)

    def judged(self) -> Self:
        """Return the out-of-sample rows whose target is known."""
        known = ~np.isnan(self[self.target]) & ~np.isnan(self[PREDICTION])
        return self.take((self[OUT_OF_SAMPLE] != 0) & known)

    def days(self) -> Timestamps:
        """Return each row's day."""
        return self.timestamp.astype("datetime64[D]")

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return all rows of all parts; a column that a part lacks is NaN there."""
        names = {name for part in parts for name in part.columns}
        columns = {name: np.concatenate([part[name] for part in parts]) for name in names}
        stamps = np.concatenate([part.timestamp for part in parts])
        return replace(parts[0], timestamp=stamps, columns=columns)

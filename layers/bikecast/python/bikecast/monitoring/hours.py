"""Scored hours as plain arrays: what was predicted, what came, under which weather."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from bikecast.errors import DataError
from bikecast.features import OPTIONAL_WEATHER, REQUIRED_WEATHER

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Timestamps = NDArray[np.datetime64]

WEATHER = (*REQUIRED_WEATHER, *OPTIONAL_WEATHER)
TARGET, PREDICTION, LOW, HIGH, HOLIDAY = "trips", "prediction", "low", "high", "holiday"
# 0 where a model was asked about an hour that it had learnt from; anything else is an honest prediction.
HONEST = "honest"
# The level by which serving multiplied what the stateless model said: it follows demand and hides growth.
FACTOR = "factor"
COLUMNS = (TARGET, PREDICTION, LOW, HIGH, HOLIDAY, HONEST, FACTOR, *WEATHER)
DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class ScoredHours:
    """Rows of (hour, prediction, actual if known, weather); NaN where a value is not known.

    Args:
        timestamp: Naive New York wall time, ``datetime64[s]``; an hour may occur in several rows.
        columns: Float arrays of the same length, named as in ``COLUMNS``.
    """

    timestamp: Timestamps
    columns: Mapping[str, Array]

    def __len__(self) -> int:
        return len(self.timestamp)

    def __getitem__(self, name: str) -> Array:
        if name in self.columns:
            return self.columns[name]
        return np.full(len(self), np.nan)

    def has(self, name: str) -> bool:
        """Tell whether the column exists and has at least one value."""
        return name in self.columns and not bool(np.isnan(self.columns[name]).all())

    def take(self, mask: NDArray[np.bool_]) -> Self:
        """Return the rows that the mask selects."""
        return type(self)(self.timestamp[mask], {name: values[mask] for name, values in self.columns.items()})

    def between(self, start: np.datetime64, end: np.datetime64) -> Self:
        """Return the rows of ``start <= hour < end``."""
        return self.take((self.timestamp >= start) & (self.timestamp < end))

    def honest(self) -> Self:
        """Return the rows whose prediction was made without having seen their demand."""
        return self.take(self[HONEST] != 0)

    def judged(self) -> Self:
        """Return the honest rows whose demand is known."""
        return self.take((self[HONEST] != 0) & ~np.isnan(self[TARGET]) & ~np.isnan(self[PREDICTION]))

    def with_factors(self, factors: Array) -> Self:
        """Return the rows with the level that serving applied to each."""
        return type(self)(self.timestamp, {**self.columns, FACTOR: factors})

    def days(self) -> Timestamps:
        """Return each row's day."""
        return self.timestamp.astype("datetime64[D]")

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return all rows of all parts; a column that a part lacks is NaN there."""
        names = {name for part in parts for name in part.columns}
        stamps = np.concatenate([part.timestamp for part in parts])
        return cls(stamps, {name: np.concatenate([part[name] for part in parts]) for name in names})

    @classmethod
    def from_frame(cls, frame: "pd.DataFrame") -> Self:
        """Take what the monitor knows from a frame with a ``timestamp`` column.

        Raises:
            DataError: There is no ``timestamp`` or no ``prediction``.
        """
        for name in ("timestamp", PREDICTION):
            if name not in frame.columns:
                raise DataError(f"scored hours need a column `{name}`; there are {sorted(frame.columns)}")
        columns = {
            n: frame[n].to_numpy(dtype=np.float64, na_value=np.nan) for n in COLUMNS if n in frame.columns
        }
        return cls(frame["timestamp"].to_numpy(dtype="datetime64[s]"), columns)

"""Rows that a model learns from or is judged on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bikecast.arrays import Array, Ints, Mask, Matrix
from bikecast.columns import Columns
from bikecast.errors import DataError

Times = NDArray[np.datetime64]  # naive wall time, datetime64[s]


@dataclass(frozen=True)
class Sample:
    """Inputs, features and target of the same rows; the rows ascend in time where there is one.

    Attributes:
        columns: Inputs by name, each of shape (n,).
        time: When each row happened, or None where rows have no time.
        features: What a model is given, shape (n, n_features).
        target: The number, or the index of the class; shape (n,).
    """

    columns: Columns
    time: Times | None
    features: Matrix
    target: Array

    def __post_init__(self) -> None:
        """Raise ``DataError`` where lengths differ."""
        lengths = {"target": self.target.size, "features": len(self.features)}
        lengths |= {name: len(values) for name, values in self.columns.items()}
        if self.time is not None:
            lengths["time"] = self.time.size
        if len(set(lengths.values())) > 1:
            raise DataError(f"the parts of a sample must have the same number of rows, but got {lengths}")

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.target.size)

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return len(self)

    def take(self, rows: Mask | Ints) -> "Sample":
        """Return the rows that a mask or positions select."""
        return Sample(
            {name: values[rows] for name, values in self.columns.items()},
            None if self.time is None else self.time[rows],
            self.features[rows],
            self.target[rows],
        )


def columns_of(rows: Sample | Columns) -> Columns:
    """Return the inputs of a sample, or the inputs themselves."""
    return rows.columns if isinstance(rows, Sample) else rows

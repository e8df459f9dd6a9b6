"""One-hot coding of categorical columns, for libraries that know numbers only."""

from dataclasses import dataclass, replace

import numpy as np

from bikecast.arrays import Array, Ints, Matrix
from bikecast.families.base import TaskShape
from bikecast.families.trees.tables import OTHER, Trees


@dataclass(frozen=True)
class OneHot:
    """Numbers as they are, then a column for each level that training rows hold.

    A missing or unknown level is 0 in all of its columns.

    Attributes:
        source: The column of the matrix that each encoded column comes from.
        level: The level that it marks; NaN for a number.
    """

    source: Ints
    level: Matrix
    n_features: int

    def encode(self, features: Matrix) -> Matrix:
        """Return the encoded columns; NaN stays in numbers."""
        columns = features[:, self.source]
        coded: Matrix = np.where(np.isnan(self.level), columns, columns == self.level).astype(np.float32)
        return coded

    def collapse(self, values: Array) -> Array:
        """Return sums over the encoded columns (the last axis) of each column of the matrix."""
        total = np.zeros((self.n_features, *values.shape[:-1]))
        np.add.at(total, self.source, np.moveaxis(values, -1, 0))
        return np.moveaxis(total, 0, -1)

    def decoded(self, trees: Trees) -> Trees:
        """Return trees over encoded columns as trees over the matrix: another level, or this one.

        Encoded columns are 0 or 1 and split between: ``if_true`` of such a split is where they are 0.
        """
        branch = trees.feature >= 0
        level = np.where(branch, self.level[trees.feature], np.float32(np.nan))
        coded = ~np.isnan(level)
        return replace(
            trees,
            feature=np.where(branch, self.source[trees.feature], -1),
            threshold=np.where(coded, level, trees.threshold).astype(np.float32),
            missing_true=trees.missing_true | coded,
            mode=np.where(coded, OTHER, trees.mode),
        )


def one_hot(features: Matrix, *, task: TaskShape) -> OneHot:
    """Return the coding for the levels that these rows hold."""
    numbers = [position for position in range(task.n_features) if position not in task.categorical]
    source, level = list(numbers), [float("nan")] * len(numbers)
    for position in task.categorical:
        column = features[:, position]
        held = np.unique(column[~np.isnan(column)]).tolist()
        source += [position] * len(held)
        level += held
    return OneHot(np.asarray(source, dtype=np.int64), np.asarray(level, dtype=np.float32), task.n_features)

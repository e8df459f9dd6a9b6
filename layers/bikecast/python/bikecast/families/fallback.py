"""A model with a fallback: where an optional column is missing, one answers that learned to do without it.

A tree that never met a missing value sends it down an arbitrary branch. One model for both cases costs
accuracy where everything is known; a second one costs nothing there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bikecast.arrays import Array, Ints, Mask, Matrix
from bikecast.families.base import Fitted

if TYPE_CHECKING:
    import onnx


def with_missing_optional(
    features: Matrix, target: Array, *, columns: Sequence[int], groups: Ints, seed: int
) -> tuple[Matrix, Array]:
    """Append a copy of all rows in which whole groups lack some optional columns, half of them all of these.

    Args:
        features: Shape (n, n_features).
        target: Shape (n,).
        columns: Positions of the optional columns.
        groups: The group of each row, from 0: rows that lose the same columns; shape (n,).
        seed: Of the draw.
    """
    lacking = _draw((int(groups.max()) + 1, len(columns)), seed=seed)[groups]
    copy = features.copy()
    copy[:, columns] = np.where(lacking, np.float32(np.nan), copy[:, columns])
    return np.vstack([features, copy]), np.concatenate([target, target])


def _draw(shape: tuple[int, int], *, seed: int) -> Mask:
    generator = np.random.default_rng(seed)
    everything = generator.random((shape[0], 1)) < 0.5
    some: Mask = generator.random(shape) < 0.5
    return everything | some


@dataclass(frozen=True)
class WithFallback:
    """``full`` answers where all optional columns are given, ``without_optional`` elsewhere."""

    full: Fitted
    without_optional: Fitted
    optional_columns: tuple[int, ...]

    def predict(self, features: Matrix) -> Array:
        lacking = np.isnan(features[:, self.optional_columns]).any(axis=1)
        parts = [
            (rows, member.predict(features[rows]))
            for member, rows in ((self.full, ~lacking), (self.without_optional, lacking))
            if rows.any()
        ]
        shape = parts[0][1].shape[1:] if parts else ()
        result = np.empty((features.shape[0], *shape))
        for rows, values in parts:
            result[rows] = values
        return result

    def importance(self) -> dict[str, float]:
        return self.full.importance()

    def to_onnx(self) -> "onnx.ModelProto":
        from bikecast.families.graphs import either

        fallback = self.without_optional.to_onnx()
        return either(self.full.to_onnx(), fallback, unless_missing=self.optional_columns)

"""A regression that trees correct: smooth curves carry what is regular, trees learn the factor that is left.

The trees start where the regression ends, so a season that was not met yet is predicted by curves and not by
the nearest leaf.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.families.base import Fitted, Params, TaskShape
from bikecast.families.trees.boosted_trees import POISSON

if TYPE_CHECKING:
    import onnx

FLOOR = 1.0  # a factor of nothing is nothing


@dataclass(frozen=True)
class Corrected:
    """What a regression predicts, times the factor of trees.

    Attributes:
        smooth: The regression.
        factor: The trees.
        floor: What the regression predicts at least, > 0.
    """

    smooth: Fitted
    factor: Fitted
    floor: float

    def predict(self, features: Matrix) -> Array:
        result: Array = np.maximum(self.smooth.predict(features), self.floor) * self.factor.predict(features)
        return result

    def importance(self) -> dict[str, float]:
        parts = [self.smooth.importance(), self.factor.importance()]
        return {name: (parts[0][name] + parts[1][name]) / 2 for name in parts[0]}

    def to_onnx(self) -> "onnx.ModelProto":
        from bikecast.families.graphs import product_of

        return product_of(self.smooth.to_onnx(), self.factor.to_onnx(), floor=self.floor)


def correct(
    smooth: Fitted, features: Matrix, *, target: Array, task: TaskShape, params: Params, seed: int
) -> Fitted:
    """Fit trees of counts to what a regression leaves.

    Args:
        smooth: Fitted on the same rows.
        features: Shape (n, n_features).
        target: Counts; shape (n,).
        task: As for ``Family.fit``.
        params: Of the trees.
        seed: Of their draws.
    """
    base = np.maximum(smooth.predict(features), FLOOR)
    factor = POISSON.fit(features, target, task=task, params=params, seed=seed, around=base)
    return Corrected(smooth, factor, FLOOR)

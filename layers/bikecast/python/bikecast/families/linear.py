"""Ridge regression on the same hats as the Poisson regression: the plainest model worth comparing with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.families.base import Fitted, Params
from bikecast.features import FEATURE_NAMES

if TYPE_CHECKING:
    import onnx

ALPHA = 1.0


@dataclass(frozen=True)
class Linear:
    """The family: hour one-hots and standardized features, squared error, ridge penalty ``alpha``."""

    name: str = "linear"

    def fit(self, features: Matrix, actual: Array, *, params: Params, seed: int) -> Fitted:  # noqa: ARG002 - nothing is random
        """As ``Family.fit``; a missing value takes the column's mean."""
        x = features.astype(np.float64)
        known = ~np.isnan(x)
        count = np.maximum(known.sum(axis=0), 1)
        centre: Array = np.where(known, x, 0).sum(axis=0) / count
        spread = np.sqrt((np.where(known, x - centre, 0) ** 2).sum(axis=0) / count)
        scale: Array = np.where(spread > 0, spread, 1.0).astype(np.float64)
        columns = _columns(features, centre=centre, scale=scale)
        penalty = np.diag(np.full(columns.shape[1], float(params.get("alpha", ALPHA))))
        mean = float(actual.mean())
        weights = np.linalg.solve(columns.T @ columns + penalty, columns.T @ (actual - mean))
        return LinearModel(centre, scale, weights.astype(np.float64), mean)


FAMILY = Linear()


def _columns(features: Matrix, *, centre: Array, scale: Array) -> Array:
    x = features.astype(np.float64)
    standard = np.where(np.isnan(x), 0.0, (x - centre) / scale)
    hours = x[:, [FEATURE_NAMES.index("hour")]] == np.arange(24)
    return np.column_stack([standard, hours.astype(np.float64)])


@dataclass(frozen=True)
class LinearModel:
    """Weights of the standardized features, then of the 24 hours."""

    centre: Array
    scale: Array
    weights: Array
    mean: float

    def predict(self, features: Matrix) -> Array:
        return _columns(features, centre=self.centre, scale=self.scale) @ self.weights + self.mean

    def importance(self) -> dict[str, float]:
        share = np.abs(self.weights[: len(FEATURE_NAMES)])
        return dict(zip(FEATURE_NAMES, (share / (share.sum() or 1.0)).tolist(), strict=True))

    def to_onnx(self) -> "onnx.ModelProto":
        from onnx import TensorProto, helper

        from bikecast.families.graphs import INPUT, OUTPUT, model, tensor

        node, split = helper.make_node, len(FEATURE_NAMES)
        constants = [
            tensor("hour_column", [FEATURE_NAMES.index("hour")], np.int64),
            tensor("hours", np.arange(24), np.float32),
            tensor("centre", self.centre, np.float64),
            tensor("scale", self.scale, np.float64),
            tensor("zero", 0.0, np.float64),
            tensor("weights", self.weights[:split, None], np.float64),
            tensor("hour_weights", self.weights[split:, None], np.float64),
            tensor("mean", self.mean, np.float64),
        ]
        nodes = [
            node("Gather", [INPUT, "hour_column"], ["hour"], axis=1),
            node("Equal", ["hour", "hours"], ["is_hour"]),
            node("Cast", ["is_hour"], ["hot"], to=TensorProto.DOUBLE),
            node("Cast", [INPUT], ["x"], to=TensorProto.DOUBLE),
            node("Sub", ["x", "centre"], ["centred"]),
            node("Div", ["centred", "scale"], ["scaled"]),
            node("IsNaN", ["scaled"], ["unknown"]),
            node("Where", ["unknown", "zero", "scaled"], ["standard"]),
            node("MatMul", ["standard", "weights"], ["of_features"]),
            node("MatMul", ["hot", "hour_weights"], ["of_hour"]),
            node("Sum", ["of_features", "of_hour", "mean"], ["trips64"]),
            node("Cast", ["trips64"], [OUTPUT], to=TensorProto.FLOAT),
        ]
        return model(nodes, constants, name="linear")

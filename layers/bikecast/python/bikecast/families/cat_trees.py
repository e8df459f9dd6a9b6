"""Gradient-boosted symmetric trees by CatBoost, an optional extra."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.families.base import Fitted, Params
from bikecast.features import FEATURE_NAMES

if TYPE_CHECKING:
    import onnx

DEFAULTS: dict[str, Any] = {"n_estimators": 600, "learning_rate": 0.06, "depth": 6, "l2_leaf_reg": 3.0}


@dataclass(frozen=True)
class CatTrees:
    """The family: squared error, all features as numbers."""

    name: str = "catboost"

    def fit(self, features: Matrix, actual: Array, *, params: Params, seed: int) -> Fitted:
        """As ``Family.fit``; one thread, because workers run side by side."""
        from catboost import CatBoostRegressor

        fixed = {"thread_count": 1, "random_seed": seed, "verbose": False, "allow_writing_files": False}
        return CatModel(CatBoostRegressor(**(DEFAULTS | dict(params) | fixed)).fit(features, actual))


FAMILY = CatTrees()


@dataclass(frozen=True)
class CatModel:
    """A fitted regressor."""

    regressor: Any

    def predict(self, features: Matrix) -> Array:
        result: Array = np.asarray(self.regressor.predict(features), dtype=np.float64)
        return result

    def importance(self) -> dict[str, float]:
        share = np.asarray(self.regressor.get_feature_importance())
        return dict(zip(FEATURE_NAMES, (share / (share.sum() or 1.0)).tolist(), strict=True))

    def contributions(self, features: Matrix) -> Array:
        from catboost import Pool

        values = self.regressor.get_feature_importance(Pool(features), type="ShapValues", thread_count=1)
        return np.asarray(values, dtype=np.float64)[:, :-1]  # the last column is the mean

    def to_onnx(self) -> "onnx.ModelProto":
        import onnx
        from onnx import compose, helper

        from bikecast.families.graphs import INPUT, OUTPUT, model, tensor

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            self.regressor.save_model(str(path), format="onnx")
            graph = compose.add_prefix(onnx.load(str(path)), "cat_").graph
        nodes = [
            helper.make_node("Identity", [INPUT], [graph.input[0].name]),
            *graph.node,
            helper.make_node("Reshape", [graph.output[0].name, "column"], [OUTPUT]),
        ]
        return model(nodes, [*graph.initializer, tensor("column", [-1, 1], np.int64)], name="catboost")

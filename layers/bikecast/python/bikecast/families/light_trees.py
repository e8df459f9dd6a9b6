"""Gradient-boosted trees by LightGBM, an optional extra."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.families.base import Fitted, Params
from bikecast.features import FEATURE_NAMES

if TYPE_CHECKING:
    import onnx

DEFAULTS: dict[str, Any] = {
    "n_estimators": 500,
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_child_samples": 20,
    "subsample": 0.8,
    "subsample_freq": 1,
    "colsample_bytree": 0.7,
    "reg_lambda": 2.0,
}


@dataclass(frozen=True)
class LightTrees:
    """The family: squared error."""

    name: str = "lightgbm"

    def fit(self, features: Matrix, actual: Array, *, params: Params, seed: int) -> Fitted:
        """As ``Family.fit``; one thread, because workers run side by side."""
        from lightgbm import LGBMRegressor

        fixed = {"n_jobs": 1, "random_state": seed, "deterministic": True, "verbose": -1}
        model = LGBMRegressor(**(DEFAULTS | dict(params) | fixed))
        return LightModel(model.fit(features, actual).booster_)


FAMILY = LightTrees()


@dataclass(frozen=True)
class LightModel:
    """A fitted booster."""

    booster: Any

    def predict(self, features: Matrix) -> Array:
        result: Array = self.booster.predict(features, num_threads=1)
        return result

    def importance(self) -> dict[str, float]:
        gain = self.booster.feature_importance(importance_type="gain")
        return dict(zip(FEATURE_NAMES, (gain / (gain.sum() or 1.0)).tolist(), strict=True))

    def contributions(self, features: Matrix) -> Array:
        values: Array = self.booster.predict(features, pred_contrib=True, num_threads=1)
        return values[:, :-1]  # the last column is the mean

    def to_onnx(self) -> "onnx.ModelProto":
        from bikecast.families import graphs

        trees = self.booster.dump_model()["tree_info"]
        rows = [(number, *row) for number, tree in enumerate(trees) for row in _rows(tree["tree_structure"])]
        tree, node, feature, threshold, left, right, missing, value = map(np.asarray, zip(*rows, strict=True))
        table = graphs.Trees(
            tree=tree,
            node=node,
            feature=feature,
            threshold=graphs.rounded_down(threshold),
            left=left,
            right=right,
            missing_left=missing.astype(bool),
            value=value.astype(np.float32),
            mode="BRANCH_LEQ",
        )
        return graphs.tree_ensemble(table, base=0.0, name="lightgbm")


_Row = tuple[int, int, float, int, int, bool, float]


def _rows(root: dict[str, Any]) -> list[_Row]:
    """Number the nodes of one tree, the root 0, and return a row for each."""
    numbers = {id(node): number for number, node in enumerate(_walk(root))}
    return [_row(node, numbers) for node in _walk(root)]


def _walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for side in ("left_child", "right_child"):
        if side in node:
            yield from _walk(node[side])


def _row(node: dict[str, Any], numbers: dict[int, int]) -> _Row:
    own = numbers[id(node)]
    if "split_feature" not in node:
        return own, -1, 0.0, 0, 0, False, float(node["leaf_value"])
    threshold = float(node["threshold"])
    # A split that met no missing value in training takes one for zero.
    missing_left = bool(node["default_left"]) if node["missing_type"] == "NaN" else threshold >= 0
    children = (numbers[id(node["left_child"])], numbers[id(node["right_child"])])
    return own, int(node["split_feature"]), threshold, *children, missing_left, 0.0

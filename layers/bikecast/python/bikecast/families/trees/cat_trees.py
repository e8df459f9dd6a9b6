"""Gradient-boosted symmetric trees by CatBoost, an optional extra."""

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.families.base import NEVER, Fitted, Params, TaskShape, check_rows, shares, spread
from bikecast.families.trees.encoding import OneHot, one_hot
from bikecast.families.trees.tables import LESS_OR_EQUAL, Trees

if TYPE_CHECKING:
    import onnx

_SHARED: dict[str, Any] = {"learning_rate": 0.06, "depth": 6, "l2_leaf_reg": 3.0}
DEFAULTS: dict[str, dict[str, Any]] = {
    "RMSE": _SHARED | {"n_estimators": 600},
    "Logloss": _SHARED | {"n_estimators": 500},
    "MultiClass": _SHARED | {"n_estimators": 400, "learning_rate": 0.1},
}


@dataclass(frozen=True)
class CatTrees:
    """The family: squared error, two classes and many.

    Categories are one-hot: CatBoost's own statistics of them cannot be exported as trees.
    """

    name: str = "catboost"

    def fit(self, features: Matrix, target: Array, *, task: TaskShape, params: Params, seed: int) -> Fitted:
        """As ``Family.fit``; one thread, because workers run side by side."""
        from catboost import CatBoostClassifier, CatBoostRegressor

        check_rows(features, target, task=task)
        fixed: dict[str, Any] = {"thread_count": 1, "random_seed": seed, "verbose": False}
        fixed |= {"allow_writing_files": False, "grow_policy": "SymmetricTree", "loss_function": _loss(task)}
        kind = CatBoostRegressor if task.n_classes is None else CatBoostClassifier
        coding = one_hot(features, task=task)
        settings = DEFAULTS[fixed["loss_function"]] | dict(params) | fixed
        return CatModel(kind(**settings).fit(coding.encode(features), target), coding, task)


FAMILY = CatTrees()


def _loss(task: TaskShape) -> str:
    if task.n_classes is None:
        return "RMSE"
    return "Logloss" if task.n_classes == 2 else "MultiClass"


@dataclass(frozen=True)
class CatModel:
    """A fitted regressor or classifier."""

    booster: Any
    coding: OneHot
    task: TaskShape

    def predict(self, features: Matrix) -> Array:
        rows = self.coding.encode(features)
        if self.task.n_classes is None:
            values: Array = np.asarray(self.booster.predict(rows), dtype=np.float64)
            return values
        return self._of_all_classes(self.booster.predict_proba(rows), self.task.n_classes, absent=0.0)

    def _of_all_classes(self, values: Array, n_classes: int, *, absent: float) -> Array:
        present = np.asarray(self.booster.classes_).astype(np.int64)
        return spread(values, classes=present, n_classes=n_classes, absent=absent)

    def importance(self) -> dict[str, float]:
        found = np.asarray(self.booster.get_feature_importance(), dtype=np.float64)
        return shares(self.coding.collapse(found), task=self.task)

    def contributions(self, features: Matrix) -> Array:
        from catboost import Pool

        rows = Pool(self.coding.encode(features))
        values = self.booster.get_feature_importance(rows, type="ShapValues", thread_count=1)
        found = self.coding.collapse(np.asarray(values, dtype=np.float64)[..., :-1])  # the last is the mean
        if found.ndim == 2:
            return found
        return np.stack([self._of_all_classes(row.T, self.task.n_margins, absent=0.0) for row in found])

    def to_onnx(self) -> "onnx.ModelProto":
        from bikecast.families.trees.graph import ensemble

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.json"
            self.booster.save_model(str(path), format="json")
            saved = json.loads(path.read_text())
        scale, bias = saved["scale_and_bias"]
        table, base = _table(saved, len(bias), scale=float(scale)), np.asarray([bias], dtype=np.float64)
        if self.task.n_margins > 1:
            value = self._of_all_classes(table.value.astype(np.float64), self.task.n_margins, absent=0.0)
            table = replace(table, value=value.astype(np.float32))
            base = self._of_all_classes(base, self.task.n_margins, absent=NEVER)
        return ensemble(
            self.coding.decoded(table),
            base=base[0],
            task=self.task,
            link="class" if self.task.n_classes else "identity",
            name="catboost",
        )


def _table(saved: dict[str, Any], n_values: int, *, scale: float) -> Trees:
    """Return symmetric trees as full binary ones; the children of node i are 2 i + 1 and 2 i + 2."""
    upward = {
        column["flat_feature_index"]: column["nan_value_treatment"] == "AsTrue"
        for column in saved["features_info"]["float_features"]
    }
    parts = [
        _full_tree(tree["splits"] or [], tree["leaf_values"], n_values) for tree in saved["oblivious_trees"]
    ]
    sizes = [len(feature) for feature, _, _ in parts]
    feature, border, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    node = np.concatenate([np.arange(size) for size in sizes])
    return Trees(
        tree=np.repeat(np.arange(len(parts)), sizes),
        node=node,
        feature=feature,
        threshold=border.astype(np.float32),
        if_true=2 * node + 1,
        if_false=2 * node + 2,
        missing_true=~np.asarray([upward.get(int(column), False) for column in feature]),
        value=(value * scale).astype(np.float32),
        mode=np.full(node.size, LESS_OR_EQUAL),
        output=np.zeros(node.size, dtype=np.int64),
    )


def _full_tree(splits: list[dict[str, Any]], leaves: list[float], n_values: int) -> tuple[Any, Any, Any]:
    """Return feature, border and value of each node; the last split is asked first."""
    asked = splits[::-1]
    width = 2 ** np.arange(len(asked))
    feature = np.repeat([split["float_feature_index"] for split in asked], width).astype(np.int64)
    border = np.repeat([split["border"] for split in asked], width).astype(np.float64)
    value = np.asarray(leaves, dtype=np.float64).reshape(-1, n_values)
    n_leaves, n_inner = len(value), len(feature)
    return (
        np.concatenate([feature, np.full(n_leaves, -1)]),
        np.concatenate([border, np.zeros(n_leaves)]),
        np.concatenate([np.zeros((n_inner, n_values)), value]),
    )

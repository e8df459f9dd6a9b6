"""Gradient-boosted trees by LightGBM, an optional extra."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.families.base import ROUNDS, Fitted, Params, TaskShape, check_rows, shares
from bikecast.families.trees.tables import LESS_OR_EQUAL, Trees, rounded_down

if TYPE_CHECKING:
    import onnx

_SHARED: dict[str, Any] = {
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_child_samples": 20,
    "subsample": 0.8,
    "subsample_freq": 1,
    "colsample_bytree": 0.7,
    "reg_lambda": 2.0,
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "regression": _SHARED | {"n_estimators": 500},
    "binary": _SHARED | {"n_estimators": 400},
    "multiclass": _SHARED | {"n_estimators": 200},
}


@dataclass(frozen=True)
class LightTrees:
    """The family: squared error, two classes and many."""

    name: str = "lightgbm"

    def fit(self, features: Matrix, target: Array, *, task: TaskShape, params: Params, seed: int) -> Fitted:
        """As ``Family.fit``; one thread, because workers run side by side."""
        import lightgbm

        settings = _settings(features, target, task=task, params=params, seed=seed)
        rounds, rows = int(settings.pop(ROUNDS)), _dataset(features, target, task, settings)
        return LightModel(lightgbm.train(settings, rows, num_boost_round=rounds), task)

    def stages(
        self,
        features: Matrix,
        target: Array,
        *,
        valid: Matrix,
        rounds: Sequence[int],
        task: TaskShape,
        params: Params,
        seed: int,
    ) -> Iterator[Array]:
        """As ``Staged.stages``."""
        import lightgbm

        settings = _settings(features, target, task=task, params=params, seed=seed)
        del settings[ROUNDS]
        model = LightModel(lightgbm.Booster(settings, _dataset(features, target, task, settings)), task)
        for begin, end in pairwise((0, *rounds)):
            for _ in range(begin, end):
                model.booster.update()
            yield model.predict(valid)


FAMILY = LightTrees()


def _settings(
    features: Matrix, target: Array, *, task: TaskShape, params: Params, seed: int
) -> dict[str, Any]:
    check_rows(features, target, task=task)
    objective = _objective(task)
    fixed = {"objective": objective, "num_threads": 1, "seed": seed, "deterministic": True, "verbosity": -1}
    classes = {"num_class": task.n_classes} if objective == "multiclass" else {}
    return DEFAULTS[objective] | dict(params) | fixed | classes


def _dataset(features: Matrix, target: Array, task: TaskShape, settings: dict[str, Any]) -> Any:
    import lightgbm

    categorical = list(task.categorical)
    return lightgbm.Dataset(features, label=target, categorical_feature=categorical, params=settings)


def _objective(task: TaskShape) -> str:
    if task.n_classes is None:
        return "regression"
    return "binary" if task.n_classes == 2 else "multiclass"


@dataclass(frozen=True)
class LightModel:
    """A fitted booster."""

    booster: Any
    task: TaskShape

    def predict(self, features: Matrix) -> Array:
        raw: Array = np.asarray(self.booster.predict(features, num_threads=1), dtype=np.float64)
        return np.column_stack([1 - raw, raw]) if self.task.n_classes == 2 else raw

    def importance(self) -> dict[str, float]:
        gain = self.booster.feature_importance(importance_type="gain")
        return shares(np.asarray(gain, dtype=np.float64), task=self.task)

    def contributions(self, features: Matrix) -> Array:
        values: Array = self.booster.predict(features, pred_contrib=True, num_threads=1)
        by_margin = values.reshape(len(features), self.task.n_margins, self.task.n_features + 1)
        each = np.moveaxis(by_margin[..., :-1], 1, -1)  # the last is the mean
        return each if self.task.n_margins > 1 else each[..., 0]

    def to_onnx(self) -> "onnx.ModelProto":
        from bikecast.families.trees.graph import ensemble

        return ensemble(
            _table(self.booster.dump_model()["tree_info"], self.task.n_margins),
            base=np.zeros(self.task.n_margins),
            task=self.task,
            link="class" if self.task.n_classes else "identity",
            name="lightgbm",
        )


def _table(each: list[dict[str, Any]], n_margins: int) -> Trees:
    rows = [(number, *row) for number, tree in enumerate(each) for row in _rows(tree["tree_structure"])]
    tree, node, feature, threshold, left, right, missing, value, levels = zip(*rows, strict=True)
    return Trees(
        tree=np.asarray(tree),
        node=np.asarray(node),
        feature=np.asarray(feature),
        threshold=rounded_down(np.asarray(threshold, dtype=np.float64)),
        if_true=np.asarray(left),
        if_false=np.asarray(right),
        missing_true=np.asarray(missing, dtype=bool),
        value=np.asarray(value, dtype=np.float32)[:, None],
        mode=np.full(len(rows), LESS_OR_EQUAL),
        output=np.asarray(tree) % n_margins,
        members={number: held for number, held in enumerate(levels) if held},
    )


_Row = tuple[int, int, float, int, int, bool, float, list[float]]


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
        return own, -1, 0.0, 0, 0, False, float(node["leaf_value"]), []
    children = (numbers[id(node["left_child"])], numbers[id(node["right_child"])])
    if node["decision_type"] == "==":  # a level of the set goes left, a missing one right
        levels = [float(level) for level in str(node["threshold"]).split("||")]
        return own, int(node["split_feature"]), 0.0, *children, False, 0.0, levels
    threshold = float(node["threshold"])
    # A split that met no missing value in training takes one for zero.
    missing_left = bool(node["default_left"]) if node["missing_type"] == "NaN" else threshold >= 0
    return own, int(node["split_feature"]), threshold, *children, missing_left, 0.0, []

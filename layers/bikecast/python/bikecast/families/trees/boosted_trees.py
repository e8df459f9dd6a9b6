"""Gradient-boosted trees by XGBoost: squared and absolute error, counts (Poisson), two classes and many."""

import json
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.families.base import ROUNDS, Fitted, Params, TaskShape, check_rows, refuse_classes, shares
from bikecast.families.trees.tables import LESS, Trees

if TYPE_CHECKING:
    import onnx

SQUARED, ABSOLUTE, COUNTS = "reg:squarederror", "reg:absoluteerror", "count:poisson"
TWO_CLASSES, CLASSES = "binary:logistic", "multi:softprob"
_SHARED = {"learning_rate": 0.05, "subsample": 0.8, "colsample_bytree": 0.7, "reg_lambda": 2.0}
DEFAULTS: dict[str, dict[str, Any]] = {
    SQUARED: _SHARED | {"n_estimators": 700, "max_depth": 4, "min_child_weight": 5},
    ABSOLUTE: _SHARED | {"n_estimators": 500, "max_depth": 6, "min_child_weight": 5},
    COUNTS: _SHARED | {"n_estimators": 500, "max_depth": 6, "min_child_weight": 20, "max_delta_step": 0.7},
    TWO_CLASSES: _SHARED | {"n_estimators": 400, "max_depth": 5, "min_child_weight": 5},
    CLASSES: _SHARED | {"n_estimators": 300, "max_depth": 5, "min_child_weight": 2},
}


@dataclass(frozen=True)
class BoostedTrees:
    """The family; ``regression`` is the objective for numbers, and only squared error has one for classes."""

    name: str
    regression: str

    def fit(
        self,
        features: Matrix,
        target: Array,
        *,
        task: TaskShape,
        params: Params,
        seed: int,
        around: Array | None = None,
    ) -> Fitted:
        """As ``Family.fit``; one thread, because workers run side by side.

        ``around`` are counts that another model expects; then the trees predict the factor beside them.
        """
        settings = self._settings(features, target, task=task, params=params, seed=seed)
        rounds, data = int(settings.pop(ROUNDS)), _rows(features, task, target)
        if around is not None:
            settings["base_score"] = 1.0
            data.set_base_margin(np.log(around))
        booster = _library().train(settings, data, num_boost_round=rounds)
        return BoostedModel(booster, settings["objective"], task)

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
        settings = self._settings(features, target, task=task, params=params, seed=seed)
        del settings[ROUNDS]
        data, asked = _rows(features, task, target), _rows(valid, task)
        booster = _library().Booster(settings, [data, asked])  # the output for both grows with the trees
        for begin, end in pairwise((0, *rounds)):
            for number in range(begin, end):
                booster.update(data, number)
            yield _output(booster.predict(asked), settings["objective"])

    def _settings(
        self, features: Matrix, target: Array, *, task: TaskShape, params: Params, seed: int
    ) -> dict[str, Any]:
        if self.regression != SQUARED:
            refuse_classes(self.name, task=task)
        check_rows(features, target, task=task)
        objective = self._objective(task)
        fixed = {"objective": objective, "nthread": 1, "seed": seed, "tree_method": "hist"}
        classes = {"num_class": task.n_classes} if objective == CLASSES else {}
        return DEFAULTS[objective] | dict(params) | fixed | classes

    def _objective(self, task: TaskShape) -> str:
        if task.n_classes is None:
            return self.regression
        return TWO_CLASSES if task.n_classes == 2 else CLASSES


SQUARED_ERROR = BoostedTrees("xgboost", SQUARED)
ABSOLUTE_ERROR = BoostedTrees("xgboost_absolute", ABSOLUTE)
POISSON = BoostedTrees("xgboost_poisson", COUNTS)


class _Absent:
    """Makes a package look absent to the thread that made this, and to no other."""

    def __init__(self, name: str) -> None:
        self._name, self._thread = name, threading.get_ident()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:  # noqa: ARG002 - importlib calls it
        """Refuse the package; everything else is left to the other finders."""
        if name == self._name and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{name} is not needed here", name=name)


@cache
def _library() -> Any:
    """Import XGBoost without its classes for scikit-learn, which takes nine times as long as the rest."""
    absent = _Absent("sklearn")
    sys.meta_path.insert(0, absent)
    try:
        import xgboost
    finally:
        sys.meta_path.remove(absent)
    return xgboost


def _rows(features: Matrix, task: TaskShape, target: Array | None = None) -> Any:
    xgboost = _library()
    if not task.categorical:
        return xgboost.DMatrix(features, label=target, nthread=1)
    kinds = ["c" if position in task.categorical else "q" for position in range(task.n_features)]
    return xgboost.DMatrix(features, label=target, nthread=1, feature_types=kinds, enable_categorical=True)


@dataclass(frozen=True)
class BoostedModel:
    """A fitted booster."""

    booster: Any
    objective: str
    task: TaskShape

    def predict(self, features: Matrix) -> Array:
        if self.task.categorical:
            return _output(self.booster.predict(_rows(features, self.task)), self.objective)
        return _output(self.booster.inplace_predict(features), self.objective)

    def importance(self) -> dict[str, float]:
        gain = self.booster.get_score(importance_type="total_gain")
        found = [gain.get(f"f{index}", 0.0) for index in range(self.task.n_features)]
        return shares(np.asarray(found, dtype=np.float64), task=self.task)

    def contributions(self, features: Matrix) -> Array:
        rows = _rows(features, self.task)
        values: Array = self.booster.predict(rows, pred_contribs=True).astype(np.float64)
        return (
            np.moveaxis(values[..., :-1], 1, -1) if values.ndim == 3 else values[:, :-1]
        )  # the last is the mean

    def to_onnx(self) -> "onnx.ModelProto":
        from bikecast.families.trees.graph import ensemble

        learner = json.loads(self.booster.save_raw("json"))["learner"]
        base = np.ravel(json.loads(learner["learner_model_param"]["base_score"])).astype(np.float64)
        if self.objective == COUNTS:
            base = np.log(base)
        if self.objective == TWO_CLASSES:
            base = np.log(base / (1 - base))
        return ensemble(
            _table(learner["gradient_booster"]["model"]),
            base=np.broadcast_to(base, self.task.n_margins),
            task=self.task,
            link="class" if self.task.n_classes else "exp" if self.objective == COUNTS else "identity",
            name=self.objective.replace(":", "_"),
        )


def _output(found: Any, objective: str) -> Array:
    raw: Array = found.astype(np.float64)
    if objective == TWO_CLASSES:
        return np.column_stack([1 - raw, raw])
    return raw / raw.sum(axis=1, keepdims=True) if objective == CLASSES else raw


def _table(model: dict[str, Any]) -> Trees:
    each = model["trees"]

    def joined(key: str, kind: type) -> Any:
        return np.concatenate([np.asarray(tree[key], dtype=kind) for tree in each])

    sizes = [len(tree["left_children"]) for tree in each]
    left, right = joined("left_children", np.int64), joined("right_children", np.int64)
    conditions, to_left = joined("split_conditions", np.float32), joined("default_left", np.int64) > 0
    members = _members(each, np.cumsum([0, *sizes]))
    in_set = np.isin(np.arange(left.size), list(members))
    return Trees(
        tree=np.repeat(np.arange(len(each)), sizes),
        node=np.concatenate([np.arange(size) for size in sizes]),
        feature=np.where(left < 0, -1, joined("split_indices", np.int64)),
        threshold=conditions,
        if_true=np.where(in_set, right, left),  # a row whose level is in the set goes right
        if_false=np.where(in_set, left, right),
        missing_true=to_left ^ in_set,
        value=conditions[:, None],
        mode=np.full(left.size, LESS),
        output=np.repeat(np.asarray(model["tree_info"], dtype=np.int64), sizes),
        members=members,
    )


def _members(each: list[dict[str, Any]], starts: Any) -> dict[int, list[float]]:
    """Return the levels of each split by a set, by its row in the table."""
    return {
        int(start) + node: [float(level) for level in tree["categories"][begin : begin + size]]
        for start, tree in zip(starts, each, strict=False)
        for node, begin, size in zip(
            tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True
        )
    }

"""Trees and forests by scikit-learn."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.families.base import Fitted, Params, TaskShape, check_rows, shares, spread
from bikecast.families.trees.encoding import OneHot, one_hot
from bikecast.families.trees.tables import LESS_OR_EQUAL, Trees, rounded_down

if TYPE_CHECKING:
    import onnx

REGRESSION: dict[str, dict[str, Any]] = {
    "decision_tree": {"max_depth": 12, "min_samples_leaf": 10},
    "random_forest": {"n_estimators": 40, "max_depth": 14, "min_samples_leaf": 4, "max_features": 0.5},
    "extra_trees": {"n_estimators": 40, "min_samples_leaf": 4, "max_features": 0.7},
}
CLASSES: dict[str, dict[str, Any]] = {
    "decision_tree": {"max_depth": 10, "min_samples_leaf": 20},
    "random_forest": {"n_estimators": 80, "max_depth": 16, "min_samples_leaf": 3, "max_features": 0.4},
    "extra_trees": {"n_estimators": 80, "max_depth": 20, "min_samples_leaf": 3, "max_features": 0.6},
}


@dataclass(frozen=True)
class Forest:
    """One of scikit-learn's regressors and classifiers that are made of trees."""

    name: str

    def fit(self, features: Matrix, target: Array, *, task: TaskShape, params: Params, seed: int) -> Fitted:
        """As ``Family.fit``; one thread, because workers run side by side."""
        check_rows(features, target, task=task)
        coding = one_hot(features, task=task)
        defaults = REGRESSION if task.n_classes is None else CLASSES
        estimator = _estimator(self.name, defaults[self.name] | dict(params), task=task, seed=seed)
        return ForestModel(estimator.fit(coding.encode(features), target), coding, task)


DECISION_TREE = Forest("decision_tree")
RANDOM_FOREST = Forest("random_forest")
EXTRA_TREES = Forest("extra_trees")


def _estimator(name: str, settings: dict[str, Any], *, task: TaskShape, seed: int) -> Any:
    from sklearn import ensemble, tree

    kind = "Regressor" if task.n_classes is None else "Classifier"
    if name == "decision_tree":
        return getattr(tree, f"DecisionTree{kind}")(**settings, random_state=seed)
    forest = "RandomForest" if name == "random_forest" else "ExtraTrees"
    return getattr(ensemble, f"{forest}{kind}")(**settings, random_state=seed, n_jobs=1)


@dataclass(frozen=True)
class ForestModel:
    """A fitted scikit-learn estimator made of trees."""

    estimator: Any
    coding: OneHot
    task: TaskShape

    def predict(self, features: Matrix) -> Array:
        rows = self.coding.encode(features)
        if self.task.n_classes is None:
            values: Array = self.estimator.predict(rows)
            return values
        return self._of_all_classes(self.estimator.predict_proba(rows), self.task.n_classes)

    def _of_all_classes(self, values: Array, n_classes: int) -> Array:
        present = np.asarray(self.estimator.classes_).astype(np.int64)
        return spread(values, classes=present, n_classes=n_classes, absent=0.0)

    def importance(self) -> dict[str, float]:
        return shares(self.coding.collapse(self.estimator.feature_importances_), task=self.task)

    def to_onnx(self) -> "onnx.ModelProto":
        from bikecast.families.trees.graph import ensemble

        each = [tree.tree_ for tree in getattr(self.estimator, "estimators_", [self.estimator])]
        value = np.concatenate([tree.value[:, 0, :] for tree in each]) / len(each)
        if self.task.n_classes is not None:
            value = self._of_all_classes(value, self.task.n_classes)
        return ensemble(
            self.coding.decoded(_table(each, value)),
            base=np.zeros(value.shape[1]),
            task=self.task,
            link="identity",  # leaves hold shares of classes, and their mean is the answer
            name="forest",
        )


def _table(each: list[Any], value: Array) -> Trees:
    sizes = [tree.node_count for tree in each]
    left = np.concatenate([tree.children_left for tree in each]).astype(np.int64)
    return Trees(
        tree=np.repeat(np.arange(len(each)), sizes),
        node=np.concatenate([np.arange(size) for size in sizes]),
        feature=np.where(left < 0, -1, np.concatenate([tree.feature for tree in each])).astype(np.int64),
        threshold=rounded_down(np.concatenate([tree.threshold for tree in each])),
        if_true=left,
        if_false=np.concatenate([tree.children_right for tree in each]).astype(np.int64),
        missing_true=np.concatenate([tree.missing_go_to_left for tree in each]).astype(bool),
        value=value.astype(np.float32),
        mode=np.full(left.size, LESS_OR_EQUAL),
        output=np.zeros(left.size, dtype=np.int64),
    )

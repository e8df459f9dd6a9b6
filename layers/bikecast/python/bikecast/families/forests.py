"""Trees and forests by scikit-learn."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.families.base import Fitted, Params
from bikecast.features import FEATURE_NAMES

if TYPE_CHECKING:
    import onnx

    from bikecast.families.graphs import Trees

DEFAULTS: dict[str, dict[str, Any]] = {
    "decision_tree": {"max_depth": 12, "min_samples_leaf": 10},
    "random_forest": {"n_estimators": 40, "max_depth": 14, "min_samples_leaf": 4, "max_features": 0.5},
    "extra_trees": {"n_estimators": 40, "min_samples_leaf": 4, "max_features": 0.7},
}


@dataclass(frozen=True)
class Forest:
    """One of scikit-learn's regressors that are made of trees."""

    name: str

    def fit(self, features: Matrix, actual: Array, *, params: Params, seed: int) -> Fitted:
        """As ``Family.fit``; one thread, because workers run side by side."""
        settings = DEFAULTS[self.name] | dict(params)
        return ForestModel(self._regressor(settings, seed=seed).fit(features, actual))

    def _regressor(self, settings: dict[str, Any], *, seed: int) -> Any:
        from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
        from sklearn.tree import DecisionTreeRegressor

        if self.name == "decision_tree":
            return DecisionTreeRegressor(**settings, random_state=seed)
        kind = RandomForestRegressor if self.name == "random_forest" else ExtraTreesRegressor
        return kind(**settings, random_state=seed, n_jobs=1)


DECISION_TREE = Forest("decision_tree")
RANDOM_FOREST = Forest("random_forest")
EXTRA_TREES = Forest("extra_trees")


@dataclass(frozen=True)
class ForestModel:
    """A fitted scikit-learn regressor made of trees."""

    regressor: Any

    def predict(self, features: Matrix) -> Array:
        result: Array = self.regressor.predict(features)
        return result

    def importance(self) -> dict[str, float]:
        return dict(zip(FEATURE_NAMES, self.regressor.feature_importances_.tolist(), strict=True))

    def to_onnx(self) -> "onnx.ModelProto":
        from bikecast.families import graphs

        trees = getattr(self.regressor, "estimators_", [self.regressor])
        return graphs.tree_ensemble(_table([tree.tree_ for tree in trees]), base=0.0, name="forest")


def _table(trees: list[Any]) -> "Trees":
    from bikecast.families import graphs

    sizes = [tree.node_count for tree in trees]
    left = np.concatenate([tree.children_left for tree in trees]).astype(np.int64)
    return graphs.Trees(
        tree=np.repeat(np.arange(len(trees)), sizes),
        node=np.concatenate([np.arange(size) for size in sizes]),
        feature=np.where(left < 0, -1, np.concatenate([tree.feature for tree in trees])).astype(np.int64),
        threshold=graphs.rounded_down(np.concatenate([tree.threshold for tree in trees])),
        left=left,
        right=np.concatenate([tree.children_right for tree in trees]).astype(np.int64),
        missing_left=np.concatenate([tree.missing_go_to_left for tree in trees]).astype(bool),
        value=(np.concatenate([tree.value[:, 0, 0] for tree in trees]) / len(trees)).astype(np.float32),
        mode="BRANCH_LEQ",
    )

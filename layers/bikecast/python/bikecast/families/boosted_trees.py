"""Gradient-boosted trees by XGBoost: squared error, and counts (Poisson), whose errors differ in kind."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.families.base import Fitted, Params
from bikecast.features import FEATURE_NAMES

if TYPE_CHECKING:
    import onnx

DEFAULTS: dict[str, dict[str, Any]] = {
    "reg:squarederror": {
        "n_estimators": 700,
        "learning_rate": 0.05,
        "max_depth": 4,
        "min_child_weight": 5,
        "subsample": 0.8,
        "colsample_bytree": 0.7,
        "reg_lambda": 2.0,
    },
    "count:poisson": {
        "n_estimators": 500,
        "learning_rate": 0.05,
        "max_depth": 6,
        "min_child_weight": 20,
        "subsample": 0.8,
        "colsample_bytree": 0.7,
        "reg_lambda": 2.0,
        "max_delta_step": 0.7,
    },
}


@dataclass(frozen=True)
class BoostedTrees:
    """The family for one objective."""

    name: str
    objective: str

    def fit(self, features: Matrix, actual: Array, *, params: Params, seed: int) -> Fitted:
        """As ``Family.fit``; one thread, because workers run side by side."""
        import xgboost

        chosen = DEFAULTS[self.objective] | dict(params)
        rounds = int(chosen.pop("n_estimators"))
        settings = chosen | {"objective": self.objective, "nthread": 1, "seed": seed, "tree_method": "hist"}
        data = xgboost.DMatrix(features, label=actual, nthread=1)
        return BoostedModel(xgboost.train(settings, data, num_boost_round=rounds), self.objective)


SQUARED_ERROR = BoostedTrees("xgboost", "reg:squarederror")
POISSON = BoostedTrees("xgboost_poisson", "count:poisson")


@dataclass(frozen=True)
class BoostedModel:
    """A fitted booster."""

    booster: Any
    objective: str

    def predict(self, features: Matrix) -> Array:
        result: Array = self.booster.inplace_predict(features).astype(np.float64)
        return result

    def importance(self) -> dict[str, float]:
        gain = self.booster.get_score(importance_type="total_gain")
        total = sum(gain.values()) or 1.0
        return {name: gain.get(f"f{index}", 0.0) / total for index, name in enumerate(FEATURE_NAMES)}

    def contributions(self, features: Matrix) -> Array:
        import xgboost

        rows = xgboost.DMatrix(features, nthread=1)
        values: Array = self.booster.predict(rows, pred_contribs=True).astype(np.float64)
        return values[:, :-1]  # the last column is the mean

    def to_onnx(self) -> "onnx.ModelProto":
        from bikecast.families import graphs

        learner = json.loads(self.booster.save_raw("json"))["learner"]
        base = float(np.ravel(json.loads(learner["learner_model_param"]["base_score"]))[0])
        counts = self.objective == "count:poisson"
        return graphs.tree_ensemble(
            _table(learner["gradient_booster"]["model"]["trees"]),
            base=float(np.log(base)) if counts else base,
            exponential=counts,
            name=self.objective.replace(":", "_"),
        )


def _table(trees: list[dict[str, Any]]) -> Any:
    from bikecast.families import graphs

    def joined(key: str, kind: type) -> Any:
        return np.concatenate([np.asarray(tree[key], dtype=kind) for tree in trees])

    sizes = [len(tree["left_children"]) for tree in trees]
    left = joined("left_children", np.int64)
    conditions = joined("split_conditions", np.float32)
    return graphs.Trees(
        tree=np.repeat(np.arange(len(trees)), sizes),
        node=np.concatenate([np.arange(size) for size in sizes]),
        feature=np.where(left < 0, -1, joined("split_indices", np.int64)),
        threshold=conditions,
        left=left,
        right=joined("right_children", np.int64),
        missing_left=joined("default_left", np.int64).astype(bool),
        value=conditions,
        mode="BRANCH_LT",
    )

"""The explainable boosting machine of InterpretML, an optional extra: a sum of one curve per feature."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.families.base import Fitted, Params
from bikecast.features import FEATURE_NAMES

if TYPE_CHECKING:
    import onnx

    from bikecast.families.graphs import Trees

# No pairs: each feature's curve can then be read, and exported, by itself.
DEFAULTS: dict[str, Any] = {"interactions": 0, "outer_bags": 4, "max_bins": 256}


@dataclass(frozen=True)
class Explainable:
    """The family: squared error."""

    name: str = "explainable_boosting"

    def fit(self, features: Matrix, actual: Array, *, params: Params, seed: int) -> Fitted:
        """As ``Family.fit``; one process, because workers run side by side."""
        from interpret.glassbox import ExplainableBoostingRegressor

        fixed = {"n_jobs": 1, "random_state": seed, "feature_types": ["continuous"] * len(FEATURE_NAMES)}
        machine = ExplainableBoostingRegressor(**(DEFAULTS | dict(params) | fixed))
        return ExplainableModel(machine.fit(features.astype(np.float64), actual))


FAMILY = Explainable()


@dataclass(frozen=True)
class ExplainableModel:
    """A fitted machine."""

    machine: Any

    def predict(self, features: Matrix) -> Array:
        result: Array = self.machine.predict(features.astype(np.float64))
        return result

    def importance(self) -> dict[str, float]:
        share = np.asarray(self.machine.term_importances())
        return dict(zip(FEATURE_NAMES, (share / (share.sum() or 1.0)).tolist(), strict=True))

    def to_onnx(self) -> "onnx.ModelProto":
        from bikecast.families import graphs

        curves = [_curve(self.machine, term) for term in range(len(FEATURE_NAMES))]
        base = float(self.machine.intercept_) + sum(scores[0] for _, scores, _ in curves)
        return graphs.tree_ensemble(_stumps(curves), base=base, name="explainable_boosting")


_Curve = tuple[Array, Array, float]


def _curve(machine: Any, term: int) -> _Curve:
    """Return where a curve steps, its level on each step, and its level where the value is missing."""
    scores = np.asarray(machine.term_scores_[term], dtype=np.float64)
    cuts = np.asarray(machine.bins_[term][0], dtype=np.float64)
    return cuts, scores[1 : cuts.size + 2], float(scores[0])


def _stumps(curves: list[_Curve]) -> "Trees":
    """Write each step as a tree of one split: nothing below it, the rise from it on."""
    from bikecast.families import graphs

    feature, threshold, rise, if_missing = [], [], [], []
    for index, (cuts, levels, missing) in enumerate(curves):
        feature += [index] * (cuts.size + 1)
        threshold += [-np.inf, *graphs.rounded_up(cuts)]
        rise += [0.0, *np.diff(levels)]
        if_missing += [missing - levels[0], *np.zeros(cuts.size)]
    count = len(feature)
    return graphs.Trees(
        tree=np.repeat(np.arange(count), 3),
        node=np.tile([0, 1, 2], count),
        feature=np.column_stack([feature, np.full((count, 2), -1)]).ravel().astype(np.int64),
        threshold=np.column_stack([threshold, np.zeros((count, 2))]).ravel().astype(np.float32),
        left=np.tile([1, 0, 0], count),
        right=np.tile([2, 0, 0], count),
        missing_left=np.tile([True, False, False], count),
        value=np.column_stack([np.zeros(count), if_missing, rise]).ravel().astype(np.float32),
        mode="BRANCH_LT",
    )

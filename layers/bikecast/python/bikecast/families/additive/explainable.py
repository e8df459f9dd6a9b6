"""The explainable boosting machine of InterpretML, an optional extra: a sum of curves and small tables."""

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bikecast.arrays import Array, Ints, Matrix
from bikecast.families.base import Fitted, Params, TaskShape, check_rows, shares, spread

if TYPE_CHECKING:
    import onnx

# Its pictures of curves don't show the level of missing values; the model and ours do.
warnings.filterwarnings("ignore", message="Missing values detected", module="interpret")

# Each feature's curve can then be read by itself; two classes get a few pairs of features, as tables.
_SHARED: dict[str, Any] = {"interactions": 0, "outer_bags": 4, "max_bins": 256}
DEFAULTS: dict[str, dict[str, Any]] = {
    "regression": _SHARED,
    "two": _SHARED | {"interactions": 10},
    "many": _SHARED,
}


@dataclass(frozen=True)
class Explainable:
    """The family: squared error, two classes and many."""

    name: str = "explainable_boosting"

    def fit(self, features: Matrix, target: Array, *, task: TaskShape, params: Params, seed: int) -> Fitted:
        """As ``Family.fit``; one process, because workers run side by side."""
        from interpret.glassbox import ExplainableBoostingClassifier, ExplainableBoostingRegressor

        check_rows(features, target, task=task)
        kinds = ["continuous"] * task.n_features
        for position in task.categorical:
            kinds[position] = "nominal"
        fixed = {"n_jobs": 1, "random_state": seed, "feature_types": kinds}
        if task.n_classes is None:
            machine = ExplainableBoostingRegressor(**(DEFAULTS["regression"] | dict(params) | fixed))
        else:
            defaults = DEFAULTS["two" if task.n_classes == 2 else "many"]
            machine = ExplainableBoostingClassifier(**(defaults | dict(params) | fixed))
            target = target.astype(np.int64)
        return ExplainableModel(machine.fit(features.astype(np.float64), target), task)


FAMILY = Explainable()


@dataclass(frozen=True)
class ExplainableModel:
    """A fitted machine."""

    machine: Any
    task: TaskShape

    def predict(self, features: Matrix) -> Array:
        rows = features.astype(np.float64)
        if self.task.n_classes is None:
            values: Array = self.machine.predict(rows)
            return values
        found = self.machine.predict_proba(rows)
        return spread(found, classes=self.present, n_classes=self.task.n_classes, absent=0.0)

    @property
    def present(self) -> Ints:
        """The classes that training rows had, in the order of the machine."""
        classes: Ints = np.asarray(self.machine.classes_).astype(np.int64)
        return classes

    def importance(self) -> dict[str, float]:
        return shares(self._by_feature(np.asarray(self.machine.term_importances())), task=self.task)

    def contributions(self, features: Matrix) -> Array:
        found = np.asarray(self.machine.eval_terms(features.astype(np.float64)), dtype=np.float64)
        if found.ndim == 2:
            return self._by_feature(found)
        by_class = np.zeros((len(features), self.task.n_features, self.task.n_classes or 1))
        by_class[..., self.present] = np.moveaxis(self._by_feature(np.moveaxis(found, 1, -1)), 1, -1)
        return by_class

    def _by_feature(self, values: Array) -> Array:
        """Return values by term (the last axis) by feature; a pair's is halved between its two."""
        share = np.zeros((values.shape[-1], self.task.n_features))
        for number, term in enumerate(self.machine.term_features_):
            share[number, list(term)] = 1 / len(term)
        return values @ share

    def to_onnx(self) -> "onnx.ModelProto":
        from bikecast.families.additive.explainable_graph import explainable_graph

        return explainable_graph(self)

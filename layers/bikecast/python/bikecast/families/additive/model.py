"""A weighted sum of basis functions behind a link: the fitted model of the linear families, and its graph."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.families.base import TaskShape, shares
from bikecast.families.basis import Basis, chosen_spec, make_basis

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True)
class Design:
    """The basis of a task, and what each function is worth where its feature is missing."""

    basis: Basis
    missing: Array

    def columns(self, features: Matrix) -> Array:
        """Return what the weights multiply; column 0 is constant 1."""
        return self.basis.columns(features, missing=self.missing)


def design(features: Matrix, *, task: TaskShape) -> Design:
    """Return the declared basis of the task, or one chosen from these rows."""
    names = task.feature_names
    spec = task.basis or chosen_spec(features, names=names, categorical=task.categorical)
    basis = make_basis(spec, names=names)
    return Design(basis, basis.means(features))


@dataclass(frozen=True)
class AdditiveModel:
    """Fitted weights, one column for each margin; classes have one margin each."""

    design: Design
    weights: Array
    link: Literal["identity", "exp", "softmax"]
    task: TaskShape

    def predict(self, features: Matrix) -> Array:
        margins = self.design.columns(features) @ self.weights
        if self.link == "softmax":
            raised = np.exp(margins - margins.max(axis=1, keepdims=True))
            probabilities: Array = raised / raised.sum(axis=1, keepdims=True)
            return probabilities
        values: Array = np.exp(margins[:, 0]) if self.link == "exp" else margins[:, 0]
        return values

    def importance(self) -> dict[str, float]:
        size, basis = np.abs(self.weights[1:]).sum(axis=1), self.design.basis
        spread = np.zeros(self.task.n_features)
        for place in (basis.first, basis.second):
            np.add.at(spread, basis.feature[place], size * (place > 0))
        return shares(spread, task=self.task)

    def to_onnx(self) -> "onnx.ModelProto":
        from bikecast.families.additive.graph import additive_graph

        return additive_graph(self)

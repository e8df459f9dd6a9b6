"""A Poisson regression on basis functions: smooth, readable in full.

It errs differently from trees: their mean is better than either.
"""

from dataclasses import dataclass

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.errors import DataError
from bikecast.families.additive.model import AdditiveModel, design
from bikecast.families.base import Fitted, Params, TaskShape, check_rows, refuse_classes

ALPHA = 0.003
MOST_STEPS = 25
ENOUGH = 1e-5


@dataclass(frozen=True)
class PoissonRegression:
    """The family for counts and other values that are not negative."""

    name: str = "glm"

    def fit(self, features: Matrix, target: Array, *, task: TaskShape, params: Params, seed: int) -> Fitted:  # noqa: ARG002 - nothing is random
        """As ``Family.fit``; ``alpha`` is the ridge penalty on standard scale of the mean deviance."""
        refuse_classes(self.name, task=task)
        check_rows(features, target, task=task)
        if target.min() < 0:
            raise DataError(
                f"target: {self.name} needs values of 0 or more, but {target.min():g} is among them"
            )
        basis = design(features, task=task)
        weights = _newton(basis.columns(features), target, alpha=float(params.get("alpha", ALPHA)))
        return AdditiveModel(basis, weights[:, None], "exp", task)


FAMILY = PoissonRegression()


def _newton(columns: Array, target: Array, *, alpha: float) -> Array:
    """Minimise mean Poisson deviance plus ridge by iteratively reweighted least squares.

    Source: McCullagh and Nelder, "Generalized Linear Models", 1989, section 2.5.
    """
    mean = float(target.mean())
    penalty = np.full(columns.shape[1], alpha)
    penalty[0] = 1e-9  # the intercept is free
    weights: Array = np.zeros(columns.shape[1])
    weights[0] = float(np.log(mean))
    for _ in range(MOST_STEPS):
        linear = columns @ weights
        expected = np.exp(linear)
        root = np.sqrt(expected / (mean * len(target)))
        working = linear + (target - expected) / expected
        weighted = columns * root[:, None]
        hessian = weighted.T @ weighted + np.diag(penalty)  # a matrix by itself is half the work
        better = np.linalg.solve(hessian, weighted.T @ (root * working)).astype(np.float64)
        step, weights = float(np.abs(better - weights).max()), better
        if step < ENOUGH:
            break
    return weights

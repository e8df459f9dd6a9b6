"""Ridge and logistic regression on basis functions: the plainest models worth comparing with."""

from dataclasses import dataclass

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.families.additive.model import AdditiveModel, design
from bikecast.families.base import NEVER, Fitted, Params, TaskShape, check_rows

ALPHA = 1.0
MOST_STEPS = 500


@dataclass(frozen=True)
class Linear:
    """The family: squared error, or log loss of two and more classes; ridge penalty ``alpha``."""

    name: str = "linear"

    def fit(self, features: Matrix, target: Array, *, task: TaskShape, params: Params, seed: int) -> Fitted:  # noqa: ARG002 - nothing is random
        """As ``Family.fit``."""
        check_rows(features, target, task=task)
        basis, alpha = design(features, task=task), float(params.get("alpha", ALPHA))
        columns = basis.columns(features)
        if task.n_classes is None:
            return AdditiveModel(basis, _ridge(columns, target, alpha=alpha), "identity", task)
        weights = _logistic(columns, target, alpha=alpha, n_classes=task.n_classes)
        return AdditiveModel(basis, weights, "softmax", task)


FAMILY = Linear()


def _ridge(columns: Array, target: Array, *, alpha: float) -> Array:
    penalty = np.full(columns.shape[1], alpha)
    penalty[0] = 1e-9  # the intercept is free
    hessian = columns.T @ columns + np.diag(penalty)
    weights: Array = np.linalg.solve(hessian, columns.T @ target[:, None]).astype(np.float64)
    return weights


def _logistic(columns: Array, target: Array, *, alpha: float, n_classes: int) -> Array:
    """Return weights with a column for each class; two classes have all of theirs in the second."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1 / alpha, max_iter=MOST_STEPS).fit(columns[:, 1:], target.astype(np.int64))
    weights = np.zeros((columns.shape[1], n_classes))
    weights[0] = NEVER
    found = np.vstack([fitted.intercept_, fitted.coef_.T])
    present = fitted.classes_
    if len(present) == 2:
        found = np.column_stack([np.zeros(len(found)), found])
    weights[:, present] = found
    return weights

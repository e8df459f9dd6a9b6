"""Metrics as sums: parts of each row, and a value from summed parts, so that any rows can be summed again.

A regression's parts are powers of its errors; a classification's are counts of hits and misses, or the
logarithm of the probability that the true class was given.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from bikecast.arrays import Array
from bikecast.errors import JudgementError
from bikecast.evaluation.outcome import Outcome, of_true_class

LEAST_PROBABILITY = 1e-15  # keeps the logarithm of a class that was ruled out finite

Unit = Literal["target", "share", "nats", ""]


@dataclass(frozen=True)
class Metric:
    """One way to judge answers.

    Attributes:
        name: As stored, lower case.
        title: As people read it.
        unit: ``target`` for the target's own unit.
        parts: Parts of each row from target and outcome; shape (n, n_parts).
        value: The metric from summed parts, shape (..., n_parts) to (...); NaN where it is undefined.
        greater_is_better: A score in (-inf, 1], whose error is what is missing to 1.
        report_only: It cannot decide a promotion.
    """

    name: str
    title: str
    unit: Unit
    parts: Callable[[Array, Outcome], Array]
    value: Callable[[Array], Array]
    greater_is_better: bool = False
    report_only: bool = False

    def error(self, value: Array) -> Array:
        """Return what a promotion must lower: the value, or 1 - value for a score."""
        return 1 - value if self.greater_is_better else value

    @property
    def error_title(self) -> str:
        """What people read of the error."""
        return f"1 - {self.title}" if self.greater_is_better else self.title

    def of(self, target: Array, outcome: Outcome) -> float:
        """Return the value over all rows."""
        return float(self.value(self.parts(target, outcome).sum(axis=0)))


def _ratio(above: Array, below: Array) -> Array:
    """Return NaN where there is nothing to divide by."""
    undefined = np.full(np.broadcast(above, below).shape, np.nan)
    ratio: Array = np.divide(above, below, out=undefined, where=below > 0)
    return ratio


def _mean(sums: Array) -> Array:
    return _ratio(sums[..., 0], sums[..., 1])


def _root_mean(sums: Array) -> Array:
    return np.sqrt(_mean(sums))


def _with_ones(values: Array) -> Array:
    return np.column_stack([values, np.ones(len(values))])


def _squares(target: Array, outcome: Outcome) -> Array:
    return _with_ones((outcome.values - target) ** 2)


def _distances(target: Array, outcome: Outcome) -> Array:
    return _with_ones(np.abs(outcome.values - target))


def _signed(target: Array, outcome: Outcome) -> Array:
    return _with_ones(outcome.values - target)


def _distances_of_total(target: Array, outcome: Outcome) -> Array:
    return np.column_stack([np.abs(outcome.values - target), np.abs(target)])


def _signed_of_total(target: Array, outcome: Outcome) -> Array:
    return np.column_stack([outcome.values - target, np.abs(target)])


def _spread_parts(target: Array, outcome: Outcome) -> Array:
    squares = (outcome.values - target) ** 2
    return np.column_stack([squares, target, target**2, np.ones(len(target))])


def _explained(sums: Array) -> Array:
    squares, total, total_squares, count = np.moveaxis(sums, -1, 0)
    spread = total_squares - _ratio(total**2, count)
    alike = spread <= 1e-12 * total_squares  # what rounding leaves of a target that does not vary
    return 1 - _ratio(squares, np.where(alike, 0.0, spread))


def _log_loss_parts(target: Array, outcome: Outcome) -> Array:
    if outcome.probabilities is None:
        raise JudgementError("log loss needs probabilities, but the answers have none")
    given = of_true_class(outcome.probabilities, target)
    return _with_ones(-np.log(np.clip(given, LEAST_PROBABILITY, 1.0)))


def _hits(target: Array, outcome: Outcome) -> Array:
    return _with_ones((outcome.values == target).astype(np.float64))


def _counts(target: Array, outcome: Outcome, *, classes: tuple[int, ...]) -> Array:
    """Return true positives, false positives and false negatives of each class; shape (n, 3 * n_classes)."""
    wanted = np.asarray(classes, dtype=np.float64)
    real, chosen = target[:, None] == wanted, outcome.values[:, None] == wanted
    counts = np.stack([real & chosen, chosen & ~real, real & ~chosen], axis=2)
    return counts.reshape(len(target), -1).astype(np.float64)


def _class_f1(sums: Array) -> tuple[Array, Array]:
    """Return F1, NaN for an absent class, and number of true rows of each class; shape (..., n_classes)."""
    counts = sums.reshape(*sums.shape[:-1], -1, 3)
    both, wrong, missed = counts[..., 0], counts[..., 1], counts[..., 2]
    return _ratio(2 * both, 2 * both + wrong + missed), both + missed


def _one_f1(sums: Array) -> Array:
    return np.nan_to_num(_class_f1(sums)[0][..., 0], nan=0.0)


def _macro_f1(sums: Array) -> Array:
    scores, _ = _class_f1(sums)
    present = np.isfinite(scores)
    return _ratio(np.nansum(scores, axis=-1), present.sum(axis=-1))


def _weighted_f1(sums: Array) -> Array:
    scores, support = _class_f1(sums)
    return _ratio((np.nan_to_num(scores, nan=0.0) * support).sum(axis=-1), support.sum(axis=-1))


RMSE = Metric("rmse", "RMSE", "target", _squares, _root_mean)
MAE = Metric("mae", "MAE", "target", _distances, _mean)
R2 = Metric("r2", "R2", "", _spread_parts, _explained, greater_is_better=True, report_only=True)
WAPE = Metric("wape", "WAPE", "share", _distances_of_total, _mean, report_only=True)
BIAS = Metric("bias", "bias", "share", _signed_of_total, _mean, report_only=True)
MEAN_ERROR = Metric("mean_error", "mean error", "target", _signed, _mean, report_only=True)
LOG_LOSS = Metric("log_loss", "log loss", "nats", _log_loss_parts, _mean)
ACCURACY = Metric("accuracy", "accuracy", "", _hits, _mean, greater_is_better=True)


def f1(positive: int, *, label: str = "") -> Metric:
    """Return F1 of one class; 0 where the class neither occurs nor is answered.

    Args:
        positive: The class's index.
        label: The class as people read it.
    """
    title = f"F1 of {label}" if label else "F1"
    return Metric("f1", title, "", partial(_counts, classes=(positive,)), _one_f1, greater_is_better=True)


def f1_macro(n_classes: int) -> Metric:
    """Return the mean of the classes' F1, over those that occur or are answered."""
    parts = partial(_counts, classes=tuple(range(n_classes)))
    return Metric("f1_macro", "macro F1", "", parts, _macro_f1, greater_is_better=True)


def f1_weighted(n_classes: int) -> Metric:
    """Return the mean of the classes' F1, weighted by how often each occurs."""
    parts = partial(_counts, classes=tuple(range(n_classes)))
    return Metric("f1_weighted", "weighted F1", "", parts, _weighted_f1, greater_is_better=True)

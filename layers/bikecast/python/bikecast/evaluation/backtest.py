"""Out-of-fold predictions of a model, their scores, and the best blend of families."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from typing import Protocol

import numpy as np

from bikecast.arrays import Array, Mask, Matrix
from bikecast.errors import JudgementError
from bikecast.evaluation.after_model import AfterModel
from bikecast.evaluation.metrics import Metric
from bikecast.evaluation.sample import Sample
from bikecast.evaluation.splits import Fold
from bikecast.task import Task

FOLDS_AT_ONCE = 2  # the libraries fit on one thread and let others run
BLEND_NOISE = 0.02


class Predicts(Protocol):
    """The one thing that a fitted model must do here."""

    def predict(self, features: Matrix) -> Array:
        """Return raw output: (n,), or (n, n_classes) probabilities."""
        ...


Fit = Callable[[Sample], Predicts]


def out_of_fold(sample: Sample, fit: Fit, folds: Iterable[Fold]) -> Array:
    """Predict each fold's rows by a model fitted on its other side, two folds at a time.

    Args:
        sample: The rows that the folds are of.
        fit: Fits a model on part of it.
        folds: At least one.
    Returns:
        Raw output, NaN for rows that no fold predicts; shape (n,) or (n, n_classes).
    Raises:
        JudgementError: There is no fold, or a model's output is not one row for each row.
    """

    def predict(fold: Fold) -> Array:
        return fit(sample.take(fold.train)).predict(sample.features[fold.valid])

    known, predicted = list(folds), None
    with ThreadPoolExecutor(FOLDS_AT_ONCE) as pool:
        for fold, raw in zip(known, pool.map(predict, known), strict=True):
            predicted = _with(predicted, fold.valid, raw)
    if predicted is None:
        raise JudgementError("there is no fold to predict")
    return predicted


def _with(predicted: Array | None, rows: Mask, raw: Array) -> Array:
    """Put a fold's output in; the first one tells the number of columns."""
    if len(raw) != int(rows.sum()):
        raise JudgementError(f"a model gave {len(raw)} predictions for {int(rows.sum())} rows")
    known = np.full((rows.size, *raw.shape[1:]), np.nan) if predicted is None else predicted
    known[rows] = raw
    return known


def has_prediction(raw: Array) -> Mask:
    """Tell which rows have raw output."""
    known: Mask = np.isfinite(raw.reshape(len(raw), -1).sum(axis=1))
    return known


def out_of_sample_error(
    sample: Sample, raw: Array, *, after_model: AfterModel, metric: Metric, task: Task
) -> float:
    """Return the metric's error over the rows that have out-of-sample output.

    What is done after the model is learnt from the same rows: a threshold is chosen for each candidate, and
    no candidate is judged by another one's.

    Raises:
        JudgementError: No row has output, or too few do.
    """
    rows = has_prediction(raw)
    if not rows.any():
        raise JudgementError("no row has an out-of-sample prediction")
    known = sample.take(rows)
    state = after_model.learn(known, raw[rows], task=task, metric=metric)
    value = metric.of(known.target, state.outcome(known, raw[rows]))
    return float(metric.error(np.asarray(value)))


def best_blend(
    predictions: Mapping[str, Array], error: Callable[[Array], float]
) -> tuple[tuple[str, ...], float]:
    """Return the members to average, and their error.

    Of all blends within 2 % of the best one, which is noise on a few months, the largest is taken:
    members that err differently protect against what validation did not meet.

    Args:
        predictions: Out-of-sample raw output by family.
        error: Of raw output, for example ``out_of_sample_error``.
    """
    errors = {
        members: error(blended(predictions, members))
        for size in range(1, len(predictions) + 1)
        for members in combinations(sorted(predictions), size)
    }
    if not errors or not np.isfinite(list(errors.values())).all():
        raise JudgementError(f"families cannot be compared by errors {errors}")
    close = [
        members for members, found in errors.items() if found <= min(errors.values()) * (1 + BLEND_NOISE)
    ]
    chosen = min(close, key=lambda members: (-len(members), errors[members]))
    return chosen, errors[chosen]


def blended(predictions: Mapping[str, Array], members: Sequence[str]) -> Array:
    """Return the mean of the members' raw output."""
    mean: Array = np.mean([predictions[member] for member in members], axis=0)
    return mean

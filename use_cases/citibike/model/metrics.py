"""Errors of a forecast on one window."""

import numpy as np

from bikecast.arrays import Array, Hours
from bikecast.errors import JudgementError
from bikecast.evaluation.scores import Scores


def score(
    hours: Hours, actual: Array, *, predicted: Array, low: Array | None = None, high: Array | None = None
) -> Scores:
    """Score predictions against actual trips.

    Raises:
        JudgementError: There are no rows, a value is not finite, or nobody rode.
    """
    if actual.size == 0 or actual.shape != predicted.shape:
        raise JudgementError(f"cannot score {predicted.shape} predictions on {actual.shape} hours")
    if not (np.isfinite(actual).all() and np.isfinite(predicted).all()):
        raise JudgementError("cannot score: a prediction or an actual value is not finite")
    total = float(actual.sum())
    if total <= 0:
        raise JudgementError("cannot score: the window has no trips")
    error = predicted - actual
    return Scores(
        n_rows=int(actual.size),
        start=hours.min().astype("datetime64[s]").item(),
        end=hours.max().astype("datetime64[s]").item(),
        values={
            "rmse": float(np.sqrt(np.mean(error**2))),
            "mae": float(np.mean(np.abs(error))),
            "wape": float(np.abs(error).sum() / total),
            "r2": _r2(actual, error),
            "bias": float(error.sum() / total),
        },
        coverage=_coverage(actual, low, high),
    )


def _r2(actual: Array, error: Array) -> float:
    spread = float(np.sum((actual - actual.mean()) ** 2))
    return 1 - float(np.sum(error**2)) / spread if spread > 0 else 0.0


def _coverage(actual: Array, low: Array | None, high: Array | None) -> float | None:
    if low is None or high is None:
        return None
    return float(np.mean((actual >= low) & (actual <= high)))

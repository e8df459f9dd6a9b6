"""What a model would have said: rolling-origin predictions, and the level that goes with them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bikecast.arrays import Array, Hours, Mask, Matrix
from bikecast.evaluation.splits import Fold
from bikecast.families.base import Fitted
from use_cases.citibike.model.forecaster import FEWEST_TRIPS as FEWEST_TRIPS  # the floor that serving applies
from use_cases.citibike.model.level import LevelState


@dataclass(frozen=True)
class Sample:
    """Hours with their features and what was ridden; the rows ascend in time."""

    hours: Hours
    features: Matrix
    actual: Array

    def take(self, rows: Mask) -> "Sample":
        """Return the rows that a mask selects."""
        return Sample(self.hours[rows], self.features[rows], self.actual[rows])


Fit = Callable[[Sample], Fitted]
FOLDS_AT_ONCE = 2  # the libraries fit on one thread and let others run
BLEND_NOISE = 0.02


def out_of_fold(sample: Sample, fit: Fit, folds: Iterable[Fold]) -> Array:
    """Predict each fold's hours by a model fitted on its other side, two folds at a time.

    Args:
        sample: The training window.
        fit: Fits a model on part of it.
        folds: From ``rolling_folds`` or ``blocked_folds``.
    Returns:
        Stateless predictions, NaN for hours that are in no fold; shape (n,).
    """

    def predict(fold: Fold) -> Array:
        fitted = fit(sample.take(fold.train))
        return at_least_one_trip(fitted.predict(sample.features[fold.valid]))

    predicted, known = np.full(sample.hours.shape, np.nan), list(folds)
    with ThreadPoolExecutor(FOLDS_AT_ONCE) as pool:
        for fold, values in zip(known, pool.map(predict, known), strict=True):
            predicted[fold.valid] = values
    return predicted


def at_least_one_trip(predicted: Array) -> Array:
    """Return predictions as serving gives them; NaN stays NaN."""
    return np.maximum(predicted, FEWEST_TRIPS)


def with_level(sample: Sample, predicted: Array, *, state: LevelState) -> tuple[Array, LevelState]:
    """Return the predictions at their level, and the level state that has seen these hours.

    Hours without a prediction (NaN) stay NaN and teach nothing. Each hour's factor comes from days that
    are older than the state's horizon, so the result is as far out of sample as the predictions are.
    """
    known = np.isfinite(predicted)
    seen = state.updated(sample.hours[known], sample.actual[known], predicted[known])
    return predicted * seen.factors(sample.hours), seen


def leveled_rmse(sample: Sample, predicted: Array, *, state: LevelState) -> float:
    """Return the RMSE of predictions at their level, over the hours that have one."""
    values, _ = with_level(sample, predicted, state=state)
    return float(np.sqrt(np.nanmean((values - sample.actual) ** 2)))


def best_blend(
    sample: Sample, predictions: Mapping[str, Array], *, state: LevelState
) -> tuple[tuple[str, ...], float]:
    """Return the members to average, and their leveled RMSE.

    Of all blends within 2 % of the best one, which is noise on a few months, the largest is taken:
    members that err differently protect against weather that validation did not meet.
    """
    scores = {
        members: leveled_rmse(sample, blended(predictions, members), state=state)
        for size in range(1, len(predictions) + 1)
        for members in combinations(sorted(predictions), size)
    }
    close = [members for members, rmse in scores.items() if rmse <= min(scores.values()) * (1 + BLEND_NOISE)]
    chosen = min(close, key=lambda members: (-len(members), scores[members]))
    return chosen, scores[chosen]


def blended(predictions: Mapping[str, Array], members: Sequence[str]) -> Array:
    """Return the mean of the members' predictions."""
    mean: Array = np.mean([predictions[member] for member in members], axis=0)
    return mean

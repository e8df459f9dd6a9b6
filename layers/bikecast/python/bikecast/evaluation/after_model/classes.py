"""A class chosen by a threshold, and the conformal prediction set around it.

The set holds every class whose probability is at least as large as those that true classes were given.
Source: Sadinle, Lei and Wasserman, "Least ambiguous set-valued classifiers with bounded error levels", 2019.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import Field

from bikecast.arrays import Array, Mask
from bikecast.columns import Columns
from bikecast.errors import JudgementError
from bikecast.evaluation.after_model.base import StoredState, most_likely, probabilities, read_state
from bikecast.evaluation.metrics import Metric
from bikecast.evaluation.outcome import Outcome, of_true_class
from bikecast.evaluation.sample import Sample
from bikecast.task import Classification, Task

EVEN = 0.5
SMALLEST_CALIBRATION = 60
# Hundredths are as fine as a few thousand rows can tell; rare classes need the finer ends.
_ENDS = (0.001, 0.002, 0.005)
CANDIDATES = np.asarray([*_ENDS, *(np.arange(1, 100) / 100), *(1 - end for end in reversed(_ENDS))])


class ClassState(StoredState):
    """What turns probabilities into a class and a prediction set.

    Attributes:
        positive: With two classes, the one that is chosen from ``threshold`` on.
        threshold: None with more classes: the largest probability wins.
        least_probability: From which on a class is in the set; None without sets.
    """

    kind: Literal["class_decision"] = "class_decision"
    coverage: float | None = Field(None, gt=0, lt=1)
    n_calibration: int
    n_classes: int = Field(ge=2)
    positive: int | None = None
    threshold: float | None = Field(None, gt=0, lt=1)
    least_probability: float | None = Field(None, ge=0, le=1)

    def outcome(self, rows: Sample | Columns, raw: Array) -> Outcome:  # noqa: ARG002 - as every kind
        """Choose a class; its prediction set holds it and every class that is as likely as true ones were."""
        given = probabilities(raw, n_classes=self.n_classes)
        values = self._choose(given)
        return Outcome(values, probabilities=given, in_set=self._sets(given, values))

    def _choose(self, given: Array) -> Array:
        if self.positive is None or self.threshold is None:
            return most_likely(given)
        return chosen(given, positive=self.positive, threshold=self.threshold)

    def _sets(self, given: Array, values: Array) -> Mask | None:
        if self.least_probability is None:
            return None
        in_set: Mask = (given >= self.least_probability) | (np.arange(self.n_classes) == values[:, None])
        return in_set


@dataclass(frozen=True)
class ClassDecision:
    """The class with the largest probability, or with two classes, by a threshold chosen for the metric.

    Attributes:
        coverage: How often the prediction set holds the true class; None for no sets.
    """

    coverage: float | None = 0.9

    def learn(self, sample: Sample, raw: Array, *, task: Task, metric: Metric) -> ClassState:
        """Choose the threshold, and how likely a class must be to belong to the set."""
        if not isinstance(task, Classification):
            raise JudgementError("a class decision needs classes as target; numbers have intervals")
        given = probabilities(raw, n_classes=len(task.classes))
        state = ClassState(n_calibration=len(sample), n_classes=len(task.classes), coverage=self.coverage)
        if len(task.classes) == 2:
            positive = task.classes.index(task.positive) if task.positive is not None else 1
            threshold = best_threshold(sample.target, given, positive=positive, metric=metric)
            state = state.model_copy(update={"positive": positive, "threshold": threshold})
        if self.coverage is None:
            return state
        least = least_probability(sample.target, given, coverage=self.coverage)
        return state.model_copy(update={"least_probability": least})

    def read(self, stored: Mapping[str, Any]) -> ClassState:
        """Read what was stored."""
        return read_state(ClassState, stored)


def chosen(given: Array, *, positive: int, threshold: float) -> Array:
    """Return the positive class where its probability reaches the threshold, else the other one."""
    return np.where(given[:, positive] >= threshold, float(positive), float(1 - positive))


def best_threshold(target: Array, given: Array, *, positive: int, metric: Metric) -> float:
    """Return the threshold with the smallest error; of equally good ones the nearest to a half.

    Args:
        target: True classes, of which both must occur.
        given: Out-of-sample probabilities, shape (n, 2).
        positive: Index of the class that is chosen from the threshold on.
        metric: Its error is minimised; one that looks at probabilities alone leaves the threshold at a half.
    """
    if np.unique(target).size < 2:
        raise JudgementError("a threshold cannot be chosen: all rows are of one class")
    errors = [
        float(metric.error(np.asarray(metric.of(target, Outcome(values, probabilities=given)))))
        for values in (chosen(given, positive=positive, threshold=cut) for cut in CANDIDATES.tolist())
    ]
    order = np.lexsort([CANDIDATES, np.round(np.abs(CANDIDATES - EVEN), 9), np.asarray(errors)])
    return float(CANDIDATES[order[0]])


def least_probability(target: Array, given: Array, *, coverage: float) -> float:
    """Return the probability that true classes are given at least, with the stated probability."""
    fewest = max(SMALLEST_CALIBRATION, int(np.ceil(1 / (1 - coverage))))
    if target.size < fewest:
        raise JudgementError(
            f"{target.size} rows are too few to learn prediction sets from; {fewest} are needed"
        )
    rank = target.size - int(np.ceil((target.size + 1) * coverage))
    return float(np.sort(of_true_class(given, target))[max(rank, 0)])

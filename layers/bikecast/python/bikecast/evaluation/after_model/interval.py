"""Conformal intervals: how far truths lay from out-of-sample predictions of the same kind of row.

The bounds are conformal quantiles of the signed errors, within groups where rows are many (Mondrian).
Source: Lei et al., "Distribution-free predictive inference for regression", 2018, section 2; Vovk et al.,
"Algorithmic Learning in a Random World", section 4.5.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bikecast.arrays import Array
from bikecast.columns import Columns, needed
from bikecast.errors import JudgementError
from bikecast.evaluation.after_model.base import StoredState, numbers, read_state
from bikecast.evaluation.metrics import Metric
from bikecast.evaluation.outcome import Outcome
from bikecast.evaluation.sample import Sample, columns_of
from bikecast.task import Regression, Task

PREDICTION = "prediction"  # groups by the size of the prediction itself
ANY = "any"
MISSING = "missing"
SMALLEST_GROUP = 60

Labels = NDArray[np.str_]


class IntervalState(StoredState):
    """What turns a prediction into an interval.

    Attributes:
        relative: Errors are shares of the prediction.
        by: The input that tells groups apart, or ``prediction``, or None.
        edges: Where a number is cut into groups; None for categories.
        groups: Quantiles of the error by group; ``any`` answers for those that were too small to learn.
    """

    kind: Literal["conformal_interval"] = "conformal_interval"
    coverage: float = Field(gt=0, lt=1)
    n_calibration: int
    bounds: tuple[float, float]
    relative: bool
    by: str | None = None
    edges: tuple[float, ...] | None = None
    groups: dict[str, tuple[float, float]]

    def outcome(self, rows: Sample | Columns, raw: Array) -> Outcome:
        """Clip the number and put an interval around it, within the task's bounds."""
        values = np.clip(numbers(raw), *self.bounds)
        scale = values if self.relative else np.ones_like(values)
        quantiles = self._quantiles(_labels(_column(self.by, rows, values), self.edges))
        low, high = (np.clip(values + scale * quantiles[:, side], *self.bounds) for side in (0, 1))
        return Outcome(values, low=low, high=high)

    def _quantiles(self, labels: Labels) -> Array:
        found, place = np.unique(labels, return_inverse=True)
        table = [self.groups.get(str(label), self.groups[ANY]) for label in found]
        return np.asarray(table, dtype=np.float64).reshape(-1, 2)[place]


@dataclass(frozen=True)
class ConformalInterval:
    """A number with an interval that holds the truth with a stated probability.

    Attributes:
        coverage: The probability.
        relative: Errors grow with the prediction, which must be positive.
        by: An input, or ``PREDICTION``, on whose groups the errors differ.
        n_groups: Into how many equally large groups a number is cut.
    """

    coverage: float = 0.9
    relative: bool = False
    by: str | None = None
    n_groups: int = 5

    def learn(self, sample: Sample, raw: Array, *, task: Task, metric: Metric) -> IntervalState:  # noqa: ARG002 - as every kind
        """Learn the quantiles of each group that is large enough."""
        if not isinstance(task, Regression):
            raise JudgementError("intervals need a number as target; classes have prediction sets")
        values = np.clip(numbers(raw), task.low, task.high)
        errors = self._errors(sample.target, values)
        column = _column(self.by, sample, values)
        edges = _edges(column, self.n_groups)
        labels = _labels(column, edges)
        groups = {ANY: errors} | {str(label): errors[labels == label] for label in np.unique(labels)}
        fewest = _fewest(self.coverage)
        if errors.size < fewest:
            raise JudgementError(
                f"{errors.size} rows are too few to learn intervals from; {fewest} are needed"
            )
        return IntervalState(
            coverage=self.coverage,
            n_calibration=errors.size,
            bounds=(task.low, task.high),
            relative=self.relative,
            by=self.by,
            edges=edges,
            groups={k: quantiles(v, self.coverage) for k, v in groups.items() if v.size >= fewest},
        )

    def read(self, stored: Mapping[str, Any]) -> IntervalState:
        """Read what was stored."""
        return read_state(IntervalState, stored)

    def _errors(self, target: Array, values: Array) -> Array:
        if not np.isfinite(target).all():
            raise JudgementError("intervals need finite targets")
        if not self.relative:
            return target - values
        if not (values > 0).all():
            raise JudgementError(
                "relative intervals need positive predictions: declare a lower bound above 0"
            )
        return target / values - 1


def quantiles(errors: Array, coverage: float) -> tuple[float, float]:
    """Return the conformal quantiles: the ranks that cover with at least the stated probability."""
    ordered, tail = np.sort(errors), (1 - coverage) / 2
    low = max(int(np.floor((errors.size + 1) * tail)) - 1, 0)
    high = min(int(np.ceil((errors.size + 1) * (1 - tail))) - 1, errors.size - 1)
    return float(ordered[low]), float(ordered[high])


def _fewest(coverage: float) -> int:
    """Return how many errors it takes for both ranks to exist, and to mean something."""
    return max(SMALLEST_GROUP, int(np.ceil(2 / (1 - coverage))))


def _column(by: str | None, rows: Sample | Columns, values: Array) -> NDArray[Any]:
    if by is None:
        return np.full(values.shape, ANY, dtype=object)
    return values if by == PREDICTION else needed(columns_of(rows), by)


def _edges(column: NDArray[Any], n_groups: int) -> tuple[float, ...] | None:
    if column.dtype.kind not in "fiu":
        return None
    known = column[np.isfinite(column)]
    inner = np.linspace(0, 1, n_groups + 1)[1:-1]
    return tuple(np.unique(np.quantile(known, inner)).tolist()) if known.size else ()


def _labels(column: NDArray[Any], edges: tuple[float, ...] | None) -> Labels:
    if edges is None:
        return np.asarray(
            [MISSING if value is None else str(value) for value in column.tolist()], dtype=np.str_
        )
    numeric = column.astype(np.float64)
    labels = np.searchsorted(np.asarray(edges), numeric, side="right").astype(np.str_)
    return np.where(np.isfinite(numeric), labels, MISSING)

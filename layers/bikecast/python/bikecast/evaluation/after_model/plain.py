"""Nothing but the task's bounds, or the class with the largest probability."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bikecast.arrays import Array
from bikecast.columns import Columns
from bikecast.evaluation.after_model.base import StoredState, most_likely, numbers, probabilities, read_state
from bikecast.evaluation.metrics import Metric
from bikecast.evaluation.outcome import Outcome
from bikecast.evaluation.sample import Sample
from bikecast.task import Regression, Task


class PlainState(StoredState):
    """Bounds of a number, or the number of classes."""

    kind: Literal["plain"] = "plain"
    coverage: None = None
    bounds: tuple[float, float] | None = None
    n_classes: int | None = None

    def outcome(self, rows: Sample | Columns, raw: Array) -> Outcome:  # noqa: ARG002 - as every kind
        """Clip the number, or choose the class."""
        if self.bounds is not None:
            return Outcome(np.clip(numbers(raw), *self.bounds))
        given = probabilities(raw, n_classes=self.n_classes or 0)
        return Outcome(most_likely(given), probabilities=given)


@dataclass(frozen=True)
class Plain:
    """Answers are what the model gives."""

    def learn(self, sample: Sample, raw: Array, *, task: Task, metric: Metric) -> PlainState:  # noqa: ARG002 - nothing is learnt
        """Keep what the task declares."""
        if isinstance(task, Regression):
            return PlainState(bounds=(task.low, task.high))
        return PlainState(n_classes=len(task.classes))

    def read(self, stored: Mapping[str, Any]) -> PlainState:
        """Read what was stored."""
        return read_state(PlainState, stored)

"""What every baseline offers."""

from collections.abc import Sequence
from typing import Protocol

from bikecast.errors import DataError
from bikecast.evaluation.outcome import Outcome
from bikecast.evaluation.sample import Sample
from bikecast.task import Classification, Regression, Task


class Baseline(Protocol):
    """Answers from the training rows and simple rules."""

    @property
    def name(self) -> str:
        """Lower case with underscores; in records and tables."""
        ...

    def predict(self, train: Sample, rows: Sample, task: Task) -> Outcome | None:
        """Answer ``rows``, whose target may be read at the baseline's horizon only.

        Returns:
            None where too little is known for a fair answer.
        """
        ...


def answers(baselines: Sequence[Baseline], train: Sample, *, rows: Sample, task: Task) -> dict[str, Outcome]:
    """Return the answers of every baseline that can give any."""
    found = {baseline.name: baseline.predict(train, rows, task) for baseline in baselines}
    return {name: outcome for name, outcome in found.items() if outcome is not None}


def bounds_of(task: Task) -> tuple[float, float]:
    """Return the bounds of a number; ``DataError`` for classes."""
    if not isinstance(task, Regression):
        raise DataError("a baseline of numbers was declared for a task of classes")
    return task.low, task.high


def classes_of(task: Task) -> tuple[str, ...]:
    """Return the classes; ``DataError`` for a number."""
    if not isinstance(task, Classification):
        raise DataError("a baseline of classes was declared for a task of numbers")
    return task.classes

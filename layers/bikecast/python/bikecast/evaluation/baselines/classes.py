"""The baselines of classes."""

from dataclasses import dataclass

import numpy as np

from bikecast.errors import DataError
from bikecast.evaluation.baselines.base import classes_of
from bikecast.evaluation.baselines.groups import Key, groups_of
from bikecast.evaluation.outcome import Outcome
from bikecast.evaluation.sample import Sample
from bikecast.task import Task


@dataclass(frozen=True)
class AlwaysClass:
    """The same class for every row."""

    label: str

    @property
    def name(self) -> str:
        """As ``always_cash``."""
        return f"always_{self.label}"

    def predict(self, train: Sample, rows: Sample, task: Task) -> Outcome:  # noqa: ARG002 - as every baseline
        """Answer with certainty."""
        classes = classes_of(task)
        if self.label not in classes:
            raise DataError(f"baseline {self.name}: class {self.label!r} is not one of {', '.join(classes)}")
        index = classes.index(self.label)
        probabilities = np.zeros((len(rows), len(classes)))
        probabilities[:, index] = 1.0
        return Outcome(np.full(len(rows), float(index)), probabilities=probabilities)


@dataclass(frozen=True)
class ClassShares:
    """The classes' shares among the training rows that are alike, and the most frequent class of them.

    Every class counts once more than it occurs, so that none is ruled out by few rows.
    """

    by: tuple[Key, ...] = ()
    name: str = "class_shares"

    def predict(self, train: Sample, rows: Sample, task: Task) -> Outcome:
        """Answer by group; a group that is new gets the shares of all training rows."""
        n_classes = len(classes_of(task))
        learnt, asked = groups_of(self.by, train, rows)
        n_groups = int(max(learnt.max(), asked.max())) + 1
        cells = learnt * n_classes + train.target.astype(np.int64)
        counts = np.bincount(cells, minlength=n_groups * n_classes).reshape(n_groups, n_classes).astype(float)
        counts[counts.sum(axis=1) == 0] = counts.sum(axis=0)
        shares = (counts + 1) / (counts + 1).sum(axis=1, keepdims=True)
        probabilities = shares[asked]
        return Outcome(probabilities.argmax(axis=1).astype(np.float64), probabilities=probabilities)


@dataclass(frozen=True)
class MostFrequentClass:
    """The class that training rows have most often."""

    name: str = "most_frequent_class"

    def predict(self, train: Sample, rows: Sample, task: Task) -> Outcome:
        """Answer every row alike."""
        return ClassShares().predict(train, rows, task)

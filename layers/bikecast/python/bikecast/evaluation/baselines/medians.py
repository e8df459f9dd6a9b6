"""The baseline of numbers whose rows are independent."""

from dataclasses import dataclass

import numpy as np

from bikecast.evaluation.baselines.base import bounds_of
from bikecast.evaluation.baselines.groups import Key, groups_of
from bikecast.evaluation.outcome import Outcome
from bikecast.evaluation.sample import Sample
from bikecast.task import Task


@dataclass(frozen=True)
class GroupMedian:
    """The median of the training rows that are alike; of all of them for a group that is new."""

    by: tuple[Key, ...]
    name: str = "group_median"

    def predict(self, train: Sample, rows: Sample, task: Task) -> Outcome:
        """Answer by group."""
        low, high = bounds_of(task)
        learnt, asked = groups_of(self.by, train, rows)
        overall = float(np.median(train.target))
        values = np.full(int(max(learnt.max(), asked.max())) + 1, overall)
        order = np.argsort(learnt, kind="stable")
        groups, starts = np.unique(learnt[order], return_index=True)
        parts = np.split(train.target[order], starts[1:])
        values[groups] = [np.median(part) for part in parts]
        return Outcome(np.clip(values[asked], low, high))

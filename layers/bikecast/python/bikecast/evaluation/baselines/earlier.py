"""The baseline of series: what was measured at the same hour of an earlier day."""

from dataclasses import dataclass

import numpy as np

from bikecast.arrays import Array, Ints
from bikecast.errors import DataError
from bikecast.evaluation.baselines.base import bounds_of
from bikecast.evaluation.baselines.groups import Key, groups_of
from bikecast.evaluation.outcome import Outcome
from bikecast.evaluation.sample import Sample
from bikecast.task import Task

ENOUGH = 0.95


@dataclass(frozen=True)
class EarlierMean:
    """The mean of what was measured some hours before each row, at least as many as the smallest lag.

    Attributes:
        hours_back: Lags whose known values are averaged.
        name: As ``same_hour_last_week``.
        gap_hours_back: Lags tried in turn where none of the others is known, then the mean of everything.
        by: Series are told apart by these.
    """

    hours_back: tuple[int, ...]
    name: str
    gap_hours_back: tuple[int, ...] = ()
    by: tuple[Key, ...] = ()

    def predict(self, train: Sample, rows: Sample, task: Task) -> Outcome | None:
        """Answer from both samples' earlier rows; None where fewer than 95 % of the rows have any."""
        low, high = bounds_of(task)
        history = _History(self.by, train, rows)
        values = history.mean(self.hours_back)
        if np.mean(np.isfinite(values)) < ENOUGH:
            return None
        for lag in self.gap_hours_back:
            values = np.where(np.isfinite(values), values, history.mean((lag,)))
        return Outcome(np.clip(np.where(np.isfinite(values), values, history.overall), low, high))


class _History:
    """Targets by series and hour; of several in an hour, the last one."""

    def __init__(self, by: tuple[Key, ...], train: Sample, rows: Sample) -> None:
        learnt, asked = groups_of(by, train, rows)
        before, now = _hours(train), _hours(rows)
        self._first = int(min(before.min(), now.min()))
        self._span = int(max(before.max(), now.max())) - self._first + 1
        self._now, self._asked = now - self._first, asked
        keys = np.concatenate([learnt, asked]) * self._span + np.concatenate([before, now]) - self._first
        targets = np.concatenate([train.target, rows.target])
        self._keys, newest = np.unique(keys[::-1], return_index=True)
        self._targets: Array = targets[::-1][newest]
        self.overall = float(self._targets.mean())

    def mean(self, lags: tuple[int, ...]) -> Array:
        """Return the mean of the known values at these lags, NaN without any."""
        lagged = np.column_stack([self._at(lag) for lag in lags])
        known = np.isfinite(lagged)
        count = known.sum(axis=1)
        unknown = np.full(count.shape, np.nan)
        mean: Array = np.divide(np.where(known, lagged, 0.0).sum(axis=1), count, out=unknown, where=count > 0)
        return mean

    def _at(self, lag: int) -> Array:
        wanted = self._asked * self._span + self._now - lag
        place = np.minimum(np.searchsorted(self._keys, wanted), self._keys.size - 1)
        found = (self._keys[place] == wanted) & (self._now >= lag)
        return np.where(found, self._targets[place], np.nan)


def _hours(sample: Sample) -> Ints:
    if sample.time is None:
        raise DataError("a baseline of earlier values needs a time for every row")
    return sample.time.astype("datetime64[h]").astype(np.int64)

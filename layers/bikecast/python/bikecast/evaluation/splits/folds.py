"""Folds: which rows a model is fitted on and which it then predicts, in time or dealt by a seed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bikecast.arrays import Array, Ints, Mask
from bikecast.errors import DataError
from bikecast.evaluation.sample import Times

FEWEST_TRAIN_DAYS = 28
_DEALT_TOGETHER = 20


@dataclass(frozen=True)
class Fold:
    """Fit on ``train``, predict ``valid``; masks over the same rows, which exclude each other."""

    number: int
    train: Mask
    valid: Mask

    def within(self, rows: Mask) -> "Fold":
        """Return the fold over these rows alone."""
        return Fold(self.number, self.train[rows], self.valid[rows])

    def spread(self, rows: Mask) -> "Fold":
        """Return the fold over all rows, of which it knew these; the opposite of ``within``."""
        train, valid = np.zeros(rows.size, dtype=bool), np.zeros(rows.size, dtype=bool)
        train[rows], valid[rows] = self.train, self.valid
        return Fold(self.number, train, valid)


def rolling_folds(time: Times, *, n_folds: int, valid_days: int) -> Iterator[Fold]:
    """Yield folds whose validation windows follow each other up to the last row, the earliest first.

    No gap is left between the two sides: features are known at the horizon that a use case asks for, and
    what is learnt after the model states its own horizon.

    Raises:
        DataError: The first fold would have too few days to train on.
    """
    day = time.astype("datetime64[D]")
    end = day.max() + np.timedelta64(1, "D")
    start = end - np.timedelta64(n_folds * valid_days, "D")
    if (start - day.min()).astype(int) < FEWEST_TRAIN_DAYS:
        raise DataError(
            f"{n_folds} folds of {valid_days} days leave less than {FEWEST_TRAIN_DAYS} days to train on"
        )
    for number in range(n_folds):
        begin = start + np.timedelta64(number * valid_days, "D")
        valid = (day >= begin) & (day < begin + np.timedelta64(valid_days, "D"))
        yield Fold(number, day < begin, valid)


def blocked_folds(time: Times, *, n_folds: int, block_days: int) -> Iterator[Fold]:
    """Yield folds that each leave out every ``n_folds``-th block of days, so that all seasons are judged.

    They train on days after those that they judge, so they measure errors on unseen days without any trend.
    """
    day = time.astype("datetime64[D]")
    block = (day - day.min()).astype(np.int64) // block_days % n_folds
    for number in range(n_folds):
        yield Fold(number, block != number, block == number)


def dealt_folds(stratum: Array, *, n_folds: int, seed: int) -> Iterator[Fold]:
    """Yield folds that each leave out the same share of every stratum, drawn by a seed."""
    number_of_row = np.zeros(stratum.size, dtype=np.int64)
    for value in np.unique(stratum):
        rows = stratum == value
        number_of_row[rows] = _shuffled(int(rows.sum()), n_folds, seed=[seed, int(value), 1])
    for number in range(n_folds):
        yield Fold(number, number_of_row != number, number_of_row == number)


def dealt_share(stratum: Array, *, share: float, seed: int) -> Mask:
    """Draw a share of each stratum's rows by a seed.

    Rows are dealt in groups in the order of the table, so rows that are added at its end leave what was
    drawn before as it is: a model is never judged on rows that an earlier one was fitted on.
    """
    drawn = np.zeros(stratum.size, dtype=bool)
    for value in np.unique(stratum):
        rows = stratum == value
        position = np.arange(int(rows.sum()))
        ends = np.rint(np.arange(position.size // _DEALT_TOGETHER + 2) * _DEALT_TOGETHER * share)
        wanted = np.diff(ends)[position // _DEALT_TOGETHER]
        drawn[rows] = _shuffled(position.size, _DEALT_TOGETHER, seed=[seed, int(value), 0]) < wanted
    return drawn


def _shuffled(n_rows: int, group: int, *, seed: list[int]) -> Ints:
    """Return 0 to ``group`` - 1 in a random order, again and again; a longer table begins alike."""
    groups = -(-n_rows // group)
    ranks = np.random.default_rng(seed).random((groups, group)).argsort(axis=1)
    return ranks.reshape(-1)[:n_rows].astype(np.int64)

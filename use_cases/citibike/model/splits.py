"""Splits in time: never shuffled, whole days, the later part always judged by the earlier one."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bikecast.arrays import Hours, Mask
from bikecast.errors import DataError

FEWEST_HOLDOUT_DAYS = 7
FEWEST_TRAIN_DAYS = 28


@dataclass(frozen=True)
class Fold:
    """One rolling origin: fit on ``train``, judge on ``valid``, which begins where ``train`` ends."""

    number: int
    train: Mask
    valid: Mask


def holdout_start(hours: Hours, *, test_size: float) -> np.datetime64:
    """Return the midnight at which the last ``test_size`` of the hours begins.

    Raises:
        DataError: One side would hold too few days to train or to judge.
    """
    days = np.unique(hours.astype("datetime64[D]"))
    cut = round(days.size * (1 - test_size))
    if days.size - cut < FEWEST_HOLDOUT_DAYS or cut < FEWEST_TRAIN_DAYS:
        raise DataError(
            f"{days.size} days at test_size={test_size} leave {cut} to train, {days.size - cut} to judge; "
            f"at least {FEWEST_TRAIN_DAYS} and {FEWEST_HOLDOUT_DAYS} are needed: load more months"
        )
    start: np.datetime64 = days[cut]
    return start


def rolling_folds(hours: Hours, *, n_folds: int, valid_days: int) -> Iterator[Fold]:
    """Yield folds whose validation windows follow each other up to the last hour, the earliest first.

    Every row is weather and calendar at a horizon of at least a day, so no gap is needed between the two
    sides; what the level may know is stated by its own horizon.

    Raises:
        DataError: The first fold would have too few days to train on.
    """
    day = hours.astype("datetime64[D]")
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


def blocked_folds(hours: Hours, *, n_folds: int, block_days: int) -> Iterator[Fold]:
    """Yield folds that each leave out every ``n_folds``-th block of days, so that all seasons are judged.

    They train on days after those that they judge, so they tell nothing of trend; what they tell is how far
    a model strays on days that it has not seen.
    """
    day = hours.astype("datetime64[D]")
    block = (day - day.min()).astype(np.int64) // block_days % n_folds
    for number in range(n_folds):
        yield Fold(number, block != number, block == number)

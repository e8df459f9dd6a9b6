"""Splits at a midnight: never shuffled, whole days, the later part always judged by the earlier one."""

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from bikecast.arrays import Array
from bikecast.errors import DataError
from bikecast.evaluation.sample import Times
from bikecast.evaluation.splits.base import Parts, Request, SplitRequest, timed
from bikecast.evaluation.splits.folds import FEWEST_TRAIN_DAYS, Fold, blocked_folds, rolling_folds
from bikecast.requests import parse_request

FEWEST_HOLDOUT_DAYS = 7
FEWEST_VALID_DAYS = 7


class ShareRequest(SplitRequest):
    """How much is held out."""

    test_size: float | None = Field(
        None, gt=0.0, lt=0.9, description="Share of days held out: the last ones. The use case's if absent."
    )


def holdout_start(time: Times, *, test_size: float) -> np.datetime64:
    """Return the midnight at which the last ``test_size`` of the days begins.

    Raises:
        DataError: One side would hold too few days to train or to judge.
    """
    days = np.unique(time.astype("datetime64[D]"))
    cut = round(days.size * (1 - test_size))
    if days.size - cut < FEWEST_HOLDOUT_DAYS or cut < FEWEST_TRAIN_DAYS:
        raise DataError(
            f"{days.size} days at test_size={test_size} leave {cut} to train, {days.size - cut} to judge; "
            f"at least {FEWEST_TRAIN_DAYS} and {FEWEST_HOLDOUT_DAYS} are needed: load more months"
        )
    start: np.datetime64 = days[cut]
    return start


@dataclass(frozen=True)
class LastShare:
    """The last share of the days is held out; tuning rolls through the days before.

    Attributes:
        test_size: Unless the request names another one.
        n_folds: Rolling origins of tuning.
        valid_days: Days that each origin predicts; fewer where the window is short, but a week.
        n_blocked_folds: Folds of blocks from all seasons, for what is done after the model.
        block_days: Days of a block.
    """

    test_size: float = 0.2
    n_folds: int = 4
    valid_days: int = 28
    n_blocked_folds: int = 5
    block_days: int = 14

    @property
    def request_model(self) -> type[ShareRequest]:
        """``test_size``."""
        return ShareRequest

    def parts(self, time: Times | None, target: Array, request: Request) -> Parts:
        """Divide the rows at a midnight; nothing is left for validation."""
        times, asked = timed(time, target), parse_request(ShareRequest, request).test_size
        start = holdout_start(times, test_size=self.test_size if asked is None else asked)
        train = times < start
        return Parts(train, np.zeros(train.shape, dtype=bool), ~train, f"holdout from {start} on")

    def folds(self, time: Times | None, target: Array, request: Request) -> list[Fold]:
        """Return rolling origins through the training part."""
        train = self.parts(time, target, request).train
        known = timed(time, target)[train]
        n_days = int(np.unique(known.astype("datetime64[D]")).size)
        longest = (n_days - FEWEST_TRAIN_DAYS) // self.n_folds
        length = max(min(self.valid_days, longest), FEWEST_VALID_DAYS)
        rolling = rolling_folds(known, n_folds=self.n_folds, valid_days=length)
        return [fold.spread(train) for fold in rolling]

    def calibration_folds(self, time: Times | None, target: Array, request: Request) -> list[Fold]:
        """Return blocks of days of the training part."""
        train = self.parts(time, target, request).train
        known = timed(time, target)[train]
        blocked = blocked_folds(known, n_folds=self.n_blocked_folds, block_days=self.block_days)
        return [fold.spread(train) for fold in blocked]


@dataclass(frozen=True)
class LastDays:
    """The last days that have rows are held out, those before validate, the rest trains.

    Attributes:
        validation_days: Days with rows.
        holdout_days: Days with rows.
        fewest_train_days: Least that must be left.
    """

    validation_days: int
    holdout_days: int
    fewest_train_days: int = 7

    @property
    def request_model(self) -> type[SplitRequest]:
        """Nothing can be asked for."""
        return SplitRequest

    def parts(self, time: Times | None, target: Array, request: Request) -> Parts:
        """Divide the rows at two midnights."""
        parse_request(SplitRequest, request)
        day = timed(time, target).astype("datetime64[D]")
        days = np.unique(day)
        n_train = days.size - self.validation_days - self.holdout_days
        if n_train < self.fewest_train_days:
            raise DataError(
                f"{days.size} days with rows leave {max(n_train, 0)} to train beside "
                f"{self.validation_days} to validate and {self.holdout_days} to judge; "
                f"{self.fewest_train_days} are needed: load more"
            )
        validation, holdout = days[n_train], days[n_train + self.validation_days]
        return Parts(
            day < validation,
            (day >= validation) & (day < holdout),
            day >= holdout,
            f"validation from {validation} on, holdout from {holdout} on",
        )

    def folds(self, time: Times | None, target: Array, request: Request) -> list[Fold]:
        """Return one fold: the validation days."""
        parts = self.parts(time, target, request)
        return [Fold(0, parts.train, parts.validation)]

    def calibration_folds(self, time: Times | None, target: Array, request: Request) -> list[Fold]:
        """Return the fold of tuning."""
        return self.folds(time, target, request)

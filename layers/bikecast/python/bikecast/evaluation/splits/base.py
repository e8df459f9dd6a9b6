"""What every split offers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict

from bikecast.arrays import Array, Mask
from bikecast.errors import DataError
from bikecast.evaluation.sample import Times
from bikecast.evaluation.splits.folds import Fold

FEWEST_OF_CLASS = 5

Request = Mapping[str, Any]


class SplitRequest(BaseModel):
    """What a retrain request may say about the split: nothing, unless the split adds fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Parts:
    """Masks over all rows, which exclude each other; a row may be in none of them.

    Attributes:
        validation: Without rows where folds of ``train`` are predicted instead.
        description: Which rows these are, for people.
    """

    train: Mask
    validation: Mask
    holdout: Mask
    description: str


class Split(Protocol):
    """How a use case divides its rows.

    Every mask is over all rows that are given. ``time`` is None where rows have none.
    """

    @property
    def request_model(self) -> type[SplitRequest]:
        """The fields that a retrain request may have for this split, each with a default."""
        ...

    def parts(self, time: Times | None, target: Array, request: Request) -> Parts:
        """Divide the rows.

        Raises:
            InputError: The request breaks the request model.
            DataError: A part would hold too little, or what was asked for is not there.
        """
        ...

    def folds(self, time: Times | None, target: Array, request: Request) -> list[Fold]:
        """Return the folds that tuning is judged by; they never hold a row of the holdout."""
        ...

    def calibration_folds(self, time: Times | None, target: Array, request: Request) -> list[Fold]:
        """Return the folds whose predictions teach what is done after the model; never the holdout."""
        ...


def timed(time: Times | None, target: Array) -> Times:
    """Return the times, which a split in time needs.

    Raises:
        DataError: There are no rows, or one has no time.
    """
    if target.size == 0:
        raise DataError("there are no rows to split")
    if time is None or time.shape != target.shape or np.isnat(time).any():
        raise DataError("this split needs a time for every row")
    return time


def check_classes(target: Array, rows: Mask, *, classes: tuple[str, ...], part: str) -> None:
    """Check that a part holds enough rows of each class.

    Args:
        target: Indices of classes.
        rows: The part.
        classes: Their names; without them, classes that occur are named by their index.
        part: Its name.
    Raises:
        DataError: A class has too few rows; it is named.
    """
    names = dict(enumerate(classes)) or {int(index): str(int(index)) for index in np.unique(target)}
    for index, name in names.items():
        found = int((target[rows] == index).sum())
        if found < FEWEST_OF_CLASS:
            raise DataError(
                f"class {name} has {found} rows in the {part} part; at least {FEWEST_OF_CLASS} are needed: "
                "load more rows of it"
            )

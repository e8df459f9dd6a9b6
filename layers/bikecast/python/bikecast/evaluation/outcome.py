"""A model's answer for each row: a number or a class, with interval or probabilities."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bikecast.arrays import Array, Ints, Mask
from bikecast.errors import JudgementError

Value = TypeVar("Value", bound=np.generic)

SUM_TOLERANCE = 1e-3  # float32 probabilities of many classes


@dataclass(frozen=True)
class Outcome:
    """Answers for n rows.

    Attributes:
        values: The number, or the index of the chosen class as a float; shape (n,).
        low: Lower bound of the interval, shape (n,).
        high: Upper bound of the interval, shape (n,).
        probabilities: Of each class, shape (n, n_classes); rows sum to 1.
        in_set: True for the classes of the prediction set, shape (n, n_classes).
    """

    values: Array
    low: Array | None = None
    high: Array | None = None
    probabilities: Array | None = None
    in_set: Mask | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.values)

    def take(self, rows: Mask | Ints) -> "Outcome":
        """Return the rows that a mask or positions select."""
        return Outcome(
            self.values[rows],
            None if self.low is None else self.low[rows],
            None if self.high is None else self.high[rows],
            None if self.probabilities is None else self.probabilities[rows],
            None if self.in_set is None else self.in_set[rows],
        )

    def check(self, name: str, n_rows: int) -> None:
        """Check that this answers ``n_rows`` rows with finite numbers.

        Raises:
            JudgementError: It does not; the message begins with ``name``.
        """
        if self.values.shape != (n_rows,):
            raise JudgementError(f"{name} has {self.values.shape} values for {n_rows} rows")
        parts = {"low": self.low, "high": self.high, "probabilities": self.probabilities}
        for part, values in {"values": self.values, **parts}.items():
            if values is None:
                continue
            if len(values) != n_rows:
                raise JudgementError(f"{name} has {len(values)} {part} for {n_rows} rows")
            if not np.isfinite(values).all():
                raise JudgementError(f"{name} holds {part} that are not finite")
        if self.probabilities is not None and not _are_shares(self.probabilities):
            raise JudgementError(f"{name} holds probabilities that are negative or do not sum to 1")
        if self.in_set is not None and len(self.in_set) != n_rows:
            raise JudgementError(f"{name} has {len(self.in_set)} prediction sets for {n_rows} rows")

    def covers(self, target: Array) -> Mask | None:
        """Tell for each row whether interval or prediction set holds the truth; None if there is neither."""
        if self.in_set is not None:
            return of_true_class(self.in_set, target)
        if self.low is None or self.high is None:
            return None
        return (target >= self.low) & (target <= self.high)


def of_true_class(table: NDArray[Value], target: Array) -> NDArray[Value]:
    """Return each row's entry for its true class, from one column a class.

    Raises:
        JudgementError: A class has no column.
    """
    index = target.astype(np.int64)
    if index.size and not (index.min() >= 0 and index.max() < table.shape[1]):
        raise JudgementError(f"class {int(index.max())} is judged, but answers name {table.shape[1]} classes")
    return np.take_along_axis(table, index[:, None], axis=1)[:, 0]


def _are_shares(probabilities: Array) -> bool:
    sums = probabilities.sum(axis=1)
    return bool((probabilities >= 0).all() and (np.abs(sums - 1) <= SUM_TOLERANCE).all())

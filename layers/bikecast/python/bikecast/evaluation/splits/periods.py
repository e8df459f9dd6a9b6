"""A split by months that are named: one part trains, the next validates, the last judges."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from bikecast.arrays import Array, Mask
from bikecast.errors import DataError
from bikecast.evaluation.sample import Times
from bikecast.evaluation.splits.base import Parts, Request, SplitRequest, timed
from bikecast.evaluation.splits.folds import Fold
from bikecast.requests import parse_request

FEWEST_DAYS_OF_MONTH = 15  # stray rows of a wrong clock do not make a month


def _listed(value: object) -> object:
    return value.split(",") if isinstance(value, str) else value


def _month(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value, re.ASCII):
        raise ValueError("write the month as 2021-01")
    return value


Month = Annotated[str, BeforeValidator(_month)]
Months = Annotated[tuple[Month, ...], BeforeValidator(_listed), Field(min_length=1)]


class MonthsRequest(SplitRequest):
    """The months of each part, ``2021-01`` or several; all three parts or none."""

    train_months: Months | None = Field(
        None, description="Months to train on; the latest three parts if absent."
    )
    val_months: Months | None = Field(None, description="Months that choose, after the training months.")
    test_months: Months | None = Field(None, description="Months that judge, after the validation months.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        named = [self.train_months, self.val_months, self.test_months]
        parts = [months for months in named if months]
        if len(parts) not in (0, 3):
            raise ValueError("`train_months`, `val_months` and `test_months` must be named together")
        for earlier, later in pairwise(parts):
            if max(earlier) >= min(later):
                raise ValueError(
                    "months to train on, to validate and to judge must follow each other, "
                    f"but {max(earlier)} is not before {min(later)}"
                )
        return self

    @property
    def named(self) -> tuple[Sequence[str], Sequence[str], Sequence[str]] | None:
        """The three parts, or None."""
        if self.train_months is None or self.val_months is None or self.test_months is None:
            return None
        return self.train_months, self.val_months, self.test_months


@dataclass(frozen=True)
class NamedPeriods:
    """Months named by the request, or the latest three that are there; rows of other months are left out."""

    @property
    def request_model(self) -> type[MonthsRequest]:
        """``train_months``, ``val_months``, ``test_months``."""
        return MonthsRequest

    def parts(self, time: Times | None, target: Array, request: Request) -> Parts:
        """Divide the rows by month."""
        times, named = timed(time, target), parse_request(MonthsRequest, request).named
        present = months_present(times)
        if named is None:
            chosen, why = _latest(present), " (the latest three months)"
        else:
            chosen, why = named, ""
            _check_present([month for months in chosen for month in months], present)
        train, validation, holdout = (_rows_of(times, months) for months in chosen)
        names = [", ".join(months) for months in chosen]
        description = f"train {names[0]}; validation {names[1]}; holdout {names[2]}{why}"
        return Parts(train, validation, holdout, description)

    def folds(self, time: Times | None, target: Array, request: Request) -> list[Fold]:
        """Return one fold: the validation months."""
        parts = self.parts(time, target, request)
        return [Fold(0, parts.train, parts.validation)]

    def calibration_folds(self, time: Times | None, target: Array, request: Request) -> list[Fold]:
        """Return the fold of tuning."""
        return self.folds(time, target, request)


def months_present(times: Times) -> tuple[str, ...]:
    """Return the months that have rows on enough of their days, the earliest first."""
    days = np.unique(times.astype("datetime64[D]"))
    months, n_days = np.unique(days.astype("datetime64[M]"), return_counts=True)
    return tuple(str(month) for month in months[n_days >= FEWEST_DAYS_OF_MONTH])


def _latest(present: tuple[str, ...]) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    if len(present) < 3:
        raise DataError(
            f"three months are needed, one to train, one to validate, one to judge; there are "
            f"{', '.join(present) or 'none'} with rows on at least {FEWEST_DAYS_OF_MONTH} days: load more"
        )
    return present[-3:-2], present[-2:-1], present[-1:]


def _check_present(asked: Sequence[str], present: tuple[str, ...]) -> None:
    if missing := [month for month in asked if month not in present]:
        raise DataError(
            f"no rows, or rows on fewer than {FEWEST_DAYS_OF_MONTH} days, in {', '.join(missing)}; there are "
            f"{', '.join(present) or 'no months'}: load what is missing or name other months"
        )


def _rows_of(times: Times, months: Sequence[str]) -> Mask:
    return np.isin(times.astype("datetime64[M]"), np.asarray(months, dtype="datetime64[M]"))

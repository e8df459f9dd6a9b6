"""What a training on days of demand may be asked for."""

import datetime as dt
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from bikecast.names import Prefix
from bikecast.requests import Day, RetrainRequest, SearchScope
from bikecast.storage import ObjectStore
from use_cases.citibike.days import noted_coverage


class TrainingScope(SearchScope):
    """What a training on days of demand learns from, and how long it searches."""

    start_train_date: Day = dt.date(2024, 1, 1)
    end_train_date: Day | None = Field(
        None, description="Last day used; the latest complete month if absent."
    )

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        if self.end_train_date is not None and self.end_train_date <= self.start_train_date:
            raise ValueError(
                "`start_train_date < end_train_date` must hold, "
                f"but got (start_train_date={self.start_train_date}, end_train_date={self.end_train_date})"
            )
        return self


class HourlyRequest(TrainingScope, RetrainRequest):
    """Input of a training on days of demand."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    test_size: float = Field(
        0.2, gt=0.0, lt=0.9, strict=True, description="Share of hours held out: the last ones in time."
    )


REQUEST, SCOPE, TABLES = HourlyRequest, TrainingScope, Prefix.PROCESSED_CITIBIKE


def require_loaded(data: ObjectStore, scope: TrainingScope) -> None:
    """Refuse a training on days that are not loaded, as far as the last load noted them.

    Raises:
        FieldError: By the field that names them.
    """
    if (coverage := noted_coverage(data)) is not None:
        coverage.require(scope.start_train_date, scope.end_train_date)

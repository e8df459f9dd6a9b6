"""Hourly weather of the hours ahead: the part of the weather forecast that knows when it rains."""

import datetime as dt
import math
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from use_cases.citibike.api.hours import wall_hour
from use_cases.citibike.hourly_weather.features import (
    MOST_LEAD_DAYS,
    NEEDED,
    OBSERVED,
    VALUES,
    HourlyRows,
    build,
)

_MOST_HOURS = 24 * 24
Column = Annotated[tuple[float | None, ...], Field(max_length=_MOST_HOURS)]


class HoursAhead(BaseModel):
    """Hours of one issue, and before them what was observed by then; New York wall time, °F, inch, mph, %."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issued_at: AwareDatetime
    time: Annotated[tuple[dt.datetime, ...], Field(min_length=1, max_length=_MOST_HOURS)]
    values: dict[str, Column]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if list(self.time) != sorted(set(self.time)):
            raise ValueError("`time` must ascend without repetition")
        if set(self.values) != set(VALUES) or any(len(v) != len(self.time) for v in self.values.values()):
            raise ValueError(f"`values` must hold {', '.join(VALUES)}, each as long as `time`")
        for name, column in self.values.items():
            if any(value is None if name in NEEDED else False for value in column) or not all(
                math.isfinite(value) for value in column if value is not None
            ):
                raise ValueError(f"`{name}` must be given for every hour")
        return self

    def rows(self, hours: NDArray[np.datetime64]) -> HourlyRows:
        """Return the rows of those hours that the issue has."""
        times = np.asarray(self.time, dtype="datetime64[s]")
        series = {name: np.asarray(column, dtype=np.float64) for name, column in self.values.items()}
        issued = np.datetime64(wall_hour(self.issued_at), "s")
        days = (times.astype("datetime64[D]") - issued.astype("datetime64[D]")).astype(np.float64)
        features = build(times, series, lead_days=np.where(days < 0, OBSERVED, days))
        place = np.minimum(np.searchsorted(times, hours), times.size - 1)
        known = (times[place] == hours) & (times[place] >= issued) & (days[place] <= MOST_LEAD_DAYS)
        return HourlyRows(np.flatnonzero(known), features[place[known]])

"""Weather by the hour: of the hours ahead, as the predictor publishes it, or as a request brings it."""

import datetime as dt
import math
from collections.abc import Iterable
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NaiveDatetime, model_validator

from bikecast.arrays import Array, Mask
from use_cases.citibike.api.hours import HOUR, exists, wall_hour
from use_cases.citibike.hourly_weather.features import (
    MOST_LEAD_DAYS,
    NEEDED,
    OBSERVED,
    VALUES,
    HourlyRows,
    build,
)

_MOST_HOURS = 24 * 24
_GAP = dt.timedelta(hours=2)  # spring leaves one hour out
# Beyond what any hour here has brought; the table's contract has the same.
_RANGES = {"temperature": (-50, 130), "rain": (0, 10), "snowfall": (0, 20), "wind": (0, 150)}
Column = Annotated[tuple[float | None, ...], Field(max_length=_MOST_HOURS)]


class HoursAhead(BaseModel):
    """Hours of one issue, and before them what was observed by then; New York wall time, °F, inch, mph, %."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issued_at: AwareDatetime | None = Field(
        None,
        description="When the hours from then on were forecast; without it all were measured.",
    )
    time: Annotated[tuple[NaiveDatetime, ...], Field(min_length=1, max_length=_MOST_HOURS)]
    values: dict[str, Column] = Field(
        description=f"Columns as long as `time`: {', '.join(NEEDED)}, and where known "
        f"{', '.join(name for name in VALUES if name not in NEEDED)}."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if list(self.time) != sorted(set(self.time)):
            raise ValueError("`time` must ascend without repetition")
        if any(after - before > _GAP for before, after in zip(self.time, self.time[1:], strict=False)):
            raise ValueError("`time` must have every hour between its first and its last")
        known = set(NEEDED) <= set(self.values) <= set(VALUES)  # older code knew fewer
        if not known or any(len(column) != len(self.time) for column in self.values.values()):
            raise ValueError(f"`values` must hold {', '.join(VALUES)}, each as long as `time`")
        for name, column in self.values.items():
            _check(name, column)
        return self

    def rows(self, hours: NDArray[np.datetime64]) -> HourlyRows:
        """Return the rows of those hours that are known, from the issue on if there is one."""
        times = np.asarray(self.time, dtype="datetime64[s]")
        series = {name: np.asarray(column, dtype=np.float64) for name, column in self.values.items()}
        lead, served = self._leads(times)
        features = build(times, series, lead_days=lead)
        place = np.minimum(np.searchsorted(times, hours), times.size - 1)
        known = (times[place] == hours) & served[place]
        return HourlyRows(np.flatnonzero(known), features[place[known]])

    def incomplete_days(self, days: Iterable[dt.date]) -> list[dt.date]:
        """Return those days that lack an hour: what falls in it counts for the whole day."""
        known = set(self.time)
        return sorted({day for day in days if not known.issuperset(_hours_of(day))})

    def _leads(self, times: NDArray[np.datetime64]) -> tuple[Array, Mask]:
        """Return the days from the issue to each hour's day, and which hours can be answered."""
        if self.issued_at is None:
            return np.full(times.shape, OBSERVED), np.ones(times.shape, dtype=bool)
        issued = np.datetime64(wall_hour(self.issued_at), "s")
        days = (times.astype("datetime64[D]") - issued.astype("datetime64[D]")).astype(np.float64)
        return np.where(days < 0, OBSERVED, days), (times >= issued) & (days <= MOST_LEAD_DAYS)


def _hours_of(day: dt.date) -> list[dt.datetime]:
    midnight = dt.datetime.combine(day, dt.time())
    return [hour for number in range(24) if exists(hour := midnight + number * HOUR)]


def _check(name: str, column: Column) -> None:
    given = [value for value in column if value is not None]
    low, high = _RANGES.get(name, (-math.inf, math.inf))
    if (name in NEEDED and len(given) < len(column)) or not all(map(math.isfinite, given)):
        raise ValueError(f"`{name}` must be given for every hour")
    if not all(low <= value <= high for value in given):
        raise ValueError(f"`{name}` must lie between {low:g} and {high:g}")

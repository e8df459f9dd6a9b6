"""The weather of a typical year, for days that nobody forecasts."""

import datetime as dt
from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator

from use_cases.citibike import calendar

Array = NDArray[np.float64]
Days = NDArray[np.datetime64]

YEAR = 366
HALF_WINDOW_DAYS = 15
# Most days are dry: their mean would be a drizzle every day, so these take the median.
MOSTLY_ZERO = frozenset({"SNOW", "SNWD", "PRCP"})


class Climatology(BaseModel):
    """Typical daily weather by day of the year, from the days between ``start`` and ``end``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: dt.date
    end: dt.date
    values: dict[str, list[float]] = Field(description="366 values a column; F, inch, mph.")

    @field_validator("values")
    @classmethod
    def _whole_years(cls, values: dict[str, list[float]]) -> dict[str, list[float]]:
        short = [name for name, days in values.items() if len(days) != YEAR or not np.isfinite(days).all()]
        if short:
            raise ValueError(f"each column needs {YEAR} finite values; not so: {short}")
        return values

    @classmethod
    def fitted(cls, days: Days, weather: Mapping[str, Array]) -> Self:
        """Smooth observed days over a month around each day of the year.

        Days of the year that no observation is near are interpolated between those that have some.

        Args:
            days: Shape (n,), n > 0.
            weather: Columns of shape (n,); one without a finite value is left out.
        """
        position = calendar.day_of_year(days) - 1
        values = {
            name: _smoothed(position[np.isfinite(column)], column[np.isfinite(column)], name)
            for name, column in weather.items()
            if np.isfinite(column).any()
        }
        first, last = days.min().astype("datetime64[D]").item(), days.max().astype("datetime64[D]").item()
        return cls(start=first, end=last, values=values)

    def of(self, hours: Days) -> dict[str, Array]:
        """Return typical weather for hours or days; each column of their shape."""
        position = calendar.day_of_year(hours) - 1
        return {name: np.asarray(days)[position] for name, days in self.values.items()}


def _smoothed(position: NDArray[np.int64], column: Array, name: str) -> list[float]:
    typical = np.median if name in MOSTLY_ZERO else np.mean
    whole_year = np.arange(YEAR)
    apart = np.abs(whole_year[:, None] - position[None, :])
    near = np.minimum(apart, YEAR - apart) <= HALF_WINDOW_DAYS
    known = near.any(axis=1)
    values = [float(typical(column[row])) for row in near[known]]
    return [float(value) for value in np.interp(whole_year, whole_year[known], values, period=YEAR)]

"""Scored hours: prediction, demand and weather of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from bikecast.errors import DataError
from bikecast.monitoring.scored import (
    DAY,
    HIGH,
    LOW,
    OUT_OF_SAMPLE,
    PREDICTION,
    Array,
    ScoredRows,
    Timestamps,
)
from use_cases.citibike.features import OPTIONAL_WEATHER, REQUIRED_WEATHER

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DAY",
    "FACTOR",
    "HIGH",
    "HOLIDAY",
    "LOW",
    "PREDICTION",
    "TARGET",
    "WEATHER",
    "Array",
    "ScoredHours",
    "Timestamps",
]

WEATHER = (*REQUIRED_WEATHER, *OPTIONAL_WEATHER)
TARGET, HOLIDAY = "trips", "holiday"
# The bias correction by which serving multiplied what the model said: it follows demand and hides growth.
FACTOR = "factor"
COLUMNS = (TARGET, PREDICTION, LOW, HIGH, HOLIDAY, OUT_OF_SAMPLE, FACTOR, *WEATHER)
# What references that were published under another name call a column.
FORMER_NAMES = {"honest": OUT_OF_SAMPLE}


@dataclass(frozen=True)
class ScoredHours(ScoredRows):
    """Rows of one hour each, in naive New York wall time; an hour may occur in several rows."""

    target: str = TARGET

    def with_factors(self, factors: Array) -> Self:
        """Return the rows with the bias correction that serving applied to each."""
        return self.with_columns({FACTOR: factors})

    @classmethod
    def from_frame(cls, frame: "pd.DataFrame") -> Self:
        """Take what the monitor knows from a frame with a ``timestamp`` column.

        Raises:
            DataError: There is no ``timestamp`` or no ``prediction``.
        """
        named = frame.rename(columns=FORMER_NAMES)
        _require(list(named.columns), ("timestamp", PREDICTION))
        columns = {
            n: named[n].to_numpy(dtype=np.float64, na_value=np.nan) for n in COLUMNS if n in named.columns
        }
        return cls(named["timestamp"].to_numpy(dtype="datetime64[s]"), columns)


def _require(given: Sequence[str], names: Sequence[str]) -> None:
    for name in names:
        if name not in given:
            raise DataError(f"scored hours need a column `{name}`; there are {sorted(given)}")

"""Shifts that the monitor must detect."""

from typing import TYPE_CHECKING

import numpy as np

from bikecast.use_case import Shift
from use_cases.green_taxi.inputs import CASH, OTHER, TARGET

if TYPE_CHECKING:
    import pandas as pd

_KM_PER_MILE = 1.609344
_ZONE = "74"  # East Harlem North, the busiest


def _dearer(rows: "pd.DataFrame", seed: int) -> "pd.DataFrame":  # noqa: ARG001 - nothing random in it
    return rows.assign(fare_amount=np.clip(rows["fare_amount"] * 1.3, 0.01, 1_000))


def _kilometres(rows: "pd.DataFrame", seed: int) -> "pd.DataFrame":  # noqa: ARG001 - nothing random in it
    return rows.assign(trip_distance=rows["trip_distance"] * _KM_PER_MILE)


def _moved(rows: "pd.DataFrame", seed: int) -> "pd.DataFrame":
    elsewhere = np.random.default_rng(seed).random(len(rows)) < 0.4
    return rows.assign(PULocationID=rows["PULocationID"].mask(elsewhere, _ZONE))


def _cash_only(rows: "pd.DataFrame", seed: int) -> "pd.DataFrame":
    """Let half of the others pay in cash: inputs stay, the truth moves."""
    changed = (np.random.default_rng(seed).random(len(rows)) < 0.5) & (rows[TARGET] == OTHER)
    return rows.assign(**{TARGET: rows[TARGET].mask(changed, CASH)})


# A hundred of these rides differ so much by chance that a shift may take longer than its two windows.
SHIFTS = (
    Shift("dearer", "fares rise by 30 %", _dearer, found_within=3),
    Shift("kilometres", "the meter counts kilometres", _kilometres, found_within=3),
    Shift("moved", "four of ten rides begin in one zone of 265", _moved, found_within=6),
    Shift("cash_only", "half of those who paid otherwise pay in cash", _cash_only),
)

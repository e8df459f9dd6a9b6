"""A ride as numbers; the tip is none of them, because only card payments record one."""

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.columns import Columns, needed
from bikecast.errors import FeatureError
from bikecast.use_case import Category, Feature, Features
from bikecast.use_case.inputs import level_codes
from use_cases.green_taxi.inputs import DROPOFF, INPUTS, PICKUP, ZONES

_FARTHEST_MILES = 200.0  # beyond it the meter was wrong
_LONGEST_MINUTES = 1_440.0
_MEANINGS = {item.name: item.meaning for item in INPUTS}
_LEVELS = {item.name: item.kind.levels for item in INPUTS if isinstance(item.kind, Category)}
_AMOUNTS = ("congestion_surcharge", "extra", "tolls_amount", "mta_tax", "improvement_surcharge")
# A missing code is the usual one, as no ride to learn from lacks it.
_CODES = ("RatecodeID", "VendorID", "trip_type")
_ZONES = ("PULocationID", "DOLocationID")


def minutes(columns: Columns) -> Array:
    """Return how long each ride took."""
    seconds = (needed(columns, DROPOFF) - needed(columns, PICKUP)).astype("timedelta64[s]")
    lasted: Array = seconds.astype(np.float64) / 60
    return lasted


def hour(columns: Columns) -> Array:
    """Return the hour of the day in which each ride began."""
    started = needed(columns, PICKUP).astype("datetime64[h]").astype(np.int64)
    return (started % 24).astype(np.float64)


def weekday(columns: Columns) -> Array:
    """Return 0 for rides that began on a Monday, to 6 for Sunday."""
    day = needed(columns, PICKUP).astype("datetime64[D]").astype(np.int64)
    return ((day + 3) % 7).astype(np.float64)


def build(columns: Columns) -> Matrix:
    """Return the features.

    Raises:
        FeatureError: A ride ends before it begins, or something needed is missing.
    """
    lasted = minutes(columns)
    wrong = np.flatnonzero(~(lasted > 0))
    if wrong.size:
        raise FeatureError(f"{DROPOFF} must be after {PICKUP}, but is not in row {wrong[0]}")
    return np.column_stack(
        [
            needed(columns, "fare_amount"),
            np.minimum(needed(columns, "trip_distance"), _FARTHEST_MILES),
            _or(columns, "passenger_count", 1.0),
            hour(columns),
            weekday(columns),
            np.minimum(lasted, _LONGEST_MINUTES),
            *(_usual(level_codes(needed(columns, name), _LEVELS[name])) for name in _CODES),
            *(level_codes(needed(columns, name), ZONES) for name in _ZONES),
            *(_or(columns, name, 0.0) for name in _AMOUNTS),
        ]
    ).astype(np.float32)


def _or(columns: Columns, name: str, missing: float) -> Array:
    values = needed(columns, name)
    return np.where(np.isnan(values), missing, values)


def _usual(codes: Array) -> Array:
    return np.where(np.isnan(codes), 0.0, codes)


FEATURES = Features(
    columns=(
        Feature("fare_amount", _MEANINGS["fare_amount"]),
        Feature("trip_distance", _MEANINGS["trip_distance"]),
        Feature("passenger_count", _MEANINGS["passenger_count"]),
        Feature("hour", "Hour of the day in which the ride began"),
        Feature("weekday", "Day of the week on which the ride began, 0 for Monday"),
        Feature("minutes", "How long the ride took"),
        *(Feature(name, _MEANINGS[name], _LEVELS[name]) for name in (*_CODES, *_ZONES)),
        *(Feature(name, _MEANINGS[name]) for name in _AMOUNTS),
    ),
    build=build,
)

"""A ride as numbers: when, from where to where, on what, by whom; nothing of when it ends."""

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.columns import Columns, needed
from bikecast.use_case import Category, Feature, Features
from bikecast.use_case.inputs import level_codes
from use_cases.ride_duration.inputs import INPUTS

EARTH_KM = 6_371.0
KM_PER_DEGREE = np.pi * EARTH_KM / 180
DISTANCE_BANDS_KM = (0.05, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0, 8.0)
_LEVELS = {item.name: item.kind.levels for item in INPUTS if isinstance(item.kind, Category)}
_PLACES = ("start_lat", "start_lng", "end_lat", "end_lng")


def hour(columns: Columns) -> Array:
    """Return the hour of the day, with its fraction."""
    seconds = needed(columns, "started_at").astype("datetime64[s]").astype(np.int64) % 86_400
    return seconds / 3_600


def weekday(columns: Columns) -> Array:
    """Return 0 for Monday to 6 for Sunday."""
    day = needed(columns, "started_at").astype("datetime64[D]").astype(np.int64)
    return ((day + 3) % 7).astype(np.float64)


def distance_km(columns: Columns) -> Array:
    """Return the great-circle distance by the haversine formula."""
    places = [np.radians(needed(columns, name)) for name in _PLACES]
    start_lat, start_lng, end_lat, end_lng = places
    across = np.sin((end_lng - start_lng) / 2) ** 2 * np.cos(start_lat) * np.cos(end_lat)
    half = np.sin((end_lat - start_lat) / 2) ** 2 + across
    distance: Array = 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    return distance


def distance_band(columns: Columns) -> Array:
    """Return the number of each ride's band of distance; the first is back where it began."""
    return np.digitize(distance_km(columns), DISTANCE_BANDS_KM).astype(np.float64)


def build(columns: Columns) -> Matrix:
    """Return the features."""
    north = (columns["end_lat"] - columns["start_lat"]) * KM_PER_DEGREE
    east = (
        (columns["end_lng"] - columns["start_lng"]) * KM_PER_DEGREE * np.cos(np.radians(columns["start_lat"]))
    )
    return np.column_stack(
        [
            weekday(columns),
            hour(columns),
            distance_km(columns),
            level_codes(needed(columns, "rideable_type"), _LEVELS["rideable_type"]),
            level_codes(needed(columns, "member_casual"), _LEVELS["member_casual"]),
            north,
            east,
            np.abs(north) + np.abs(east),
            # Offsets keep a few metres in float32.
            *((columns[name] - _CENTRE[name]) * KM_PER_DEGREE for name in _PLACES),
        ]
    ).astype(np.float32)


_CENTRE = {"start_lat": 38.9, "start_lng": -77.03, "end_lat": 38.9, "end_lng": -77.03}

FEATURES = Features(
    columns=(
        Feature("weekday", "Day of the week, 0 for Monday"),
        Feature("hour", "Hour of the day, with its fraction"),
        Feature("distance", "Great-circle distance to the destination, km"),
        Feature("rideable_type", "Kind of bike", _LEVELS["rideable_type"]),
        Feature("member_casual", "Member or casual rider", _LEVELS["member_casual"]),
        Feature("north", "Way to the north, km"),
        Feature("east", "Way to the east, km"),
        Feature("blocks", "Way along a grid of streets, km"),
        Feature("start_north", "Start, north of the centre, as km"),
        Feature("start_east", "Start, east of the centre, as km of latitude"),
        Feature("end_north", "Destination, north of the centre, as km"),
        Feature("end_east", "Destination, east of the centre, as km of latitude"),
    ),
    build=build,
)

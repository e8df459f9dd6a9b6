"""Features of hourly weather: this hour, its neighbours, its day, and how old the forecast of it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bikecast.arrays import Array, Hours, Ints, Mask, Matrix
from bikecast.errors import FeatureError
from use_cases.citibike import features as daily
from use_cases.citibike.hourly_weather.of_day import CHANCES, OF_DAY, WET_INCH, YESTERDAY, chances, days

NEEDED = ("temperature", "rain", "snowfall", "wind")
VALUES = (*NEEDED, "humidity", "cloud_cover", "apparent", "gust", "rain_chance")
OBSERVED = -1.0  # the lead of weather that was measured, days
MOST_LEAD_DAYS = 7
_DRY_CAP_HOURS = 24.0

_SUMS = {  # name: (value, first hour, last hour) relative to this one
    "rain_before": ("rain", -1, -1),
    "rain_after": ("rain", 1, 1),
    "rain_3h_before": ("rain", -3, -1),
    "rain_3h_after": ("rain", 1, 3),
    "rain_around": ("rain", -1, 1),
    "rain_24h": ("rain", -23, 0),
    "snow_6h": ("snowfall", -5, 0),
    "snow_24h": ("snowfall", -23, 0),
    "snow_72h": ("snowfall", -71, 0),
}
# What a forecast says about rain where it does not know the hour; missing where weather was measured.
CHANCE = "rain_chance"
# What the station measured over the whole day, for versions that learnt from it; missing for forecasts.
STATION = {f"station_{name.lower()}": name for name in (*daily.REQUIRED_WEATHER, *daily.OPTIONAL_WEATHER)}
# The lead itself, and again where it is near: NaN elsewhere, by which a graph tells which expert answers.
LEADS = ("lead_days", "lead_middle", "lead_near")
_NEAR_DAYS, _MIDDLE_DAYS = 1, 4
_OTHER = ("hours_dry", "snow_lying", "temperature_24h", *OF_DAY, *YESTERDAY, *CHANCES, *STATION, *LEADS)
NAMES = (*daily.CALENDAR_NAMES, *VALUES, *_SUMS, *_OTHER)
POSITION = {name: place for place, name in enumerate(NAMES)}

Series = Mapping[str, NDArray[np.floating[Any]]]


@dataclass(frozen=True)
class HourlyRows:
    """Rows by hourly weather: the place of each one's hour among those asked for, and its features."""

    place: Ints
    features: Matrix

    @property
    def lead(self) -> Array:
        """Days from issue to the hour's day; ``OBSERVED`` where weather was measured."""
        return lead_of(self.features)

    def take(self, rows: Mask) -> "HourlyRows":
        """Return some rows."""
        return HourlyRows(self.place[rows], self.features[rows])

    def within(self, hours: Mask) -> "HourlyRows":
        """Return the rows of some hours; their places stay."""
        return self.take(hours[self.place])


def build(times: Hours, series: Series, *, lead_days: Array) -> Matrix:
    """Build one row an hour of a stretch of weather, columns as ``NAMES``.

    What lies before the stretch counts as dry, what lies after it too.

    Args:
        times: Ascending New York wall time without gaps but those of spring; shape (n,).
        series: Columns of ``VALUES``, °F, inch, mph and %; those of ``NEEDED`` must be there.
        lead_days: Days from the forecast's issue to each hour's day, or ``OBSERVED``, which becomes NaN;
            shape (n,).
    Raises:
        FeatureError: A needed value is missing.
    """
    times = times.astype("datetime64[h]")
    known = {name: _column(name, times, series) for name in VALUES}
    columns = {name: known[name] for name in VALUES}
    columns |= {name: _sum(known[value], first, last) for name, (value, first, last) in _SUMS.items()}
    columns |= _since(known) | days(times, known) | chances(times, known[CHANCE]) | _leads(lead_days)
    columns |= dict.fromkeys(STATION, np.full(times.shape, np.nan))
    matrix = np.empty((times.size, len(NAMES)), dtype=np.float32)
    matrix[:, : len(daily.CALENDAR_NAMES)] = daily.calendar_rows(times)
    for name, values in columns.items():
        matrix[:, POSITION[name]] = values
    return matrix


def lead_of(matrix: Matrix) -> Array:
    """Return the lead of feature rows in days, ``OBSERVED`` for measured weather."""
    column = matrix[:, POSITION["lead_days"]].astype(np.float64)
    return np.where(np.isnan(column), OBSERVED, column)


def beside_station(matrix: Matrix, by_day: Matrix) -> Matrix:
    """Put the station's day beside hours that were measured; forecasts stay without it.

    Args:
        matrix: Rows as ``build`` makes them.
        by_day: Of the same hours, as ``features.build_features`` makes them.
    """
    measured = lead_of(matrix) == OBSERVED
    result = matrix.copy()
    for ours, name in STATION.items():
        column = by_day[:, daily.FEATURE_NAMES.index(name)]
        result[:, POSITION[ours]] = np.where(measured, column, np.nan)
    return result


def without_station(rows: HourlyRows) -> HourlyRows:
    """Return rows that know nothing of the station."""
    matrix = rows.features.copy()
    matrix[:, [POSITION[name] for name in STATION]] = np.nan
    return HourlyRows(rows.place, matrix)


def _leads(lead_days: Array) -> dict[str, Array]:
    lead = np.where(lead_days < 0, np.nan, lead_days)
    middle, near = (np.where(lead <= most, lead, np.nan) for most in (_MIDDLE_DAYS, _NEAR_DAYS))
    return dict(zip(LEADS, (lead, middle, near), strict=True))


def _column(name: str, times: Hours, series: Series) -> Array:
    values = series.get(name)
    column = np.full(times.shape, np.nan) if values is None else np.asarray(values, dtype=np.float64)
    if column.shape != times.shape:
        raise FeatureError(f"hourly weather `{name}` has {column.shape} values for {times.shape} hours")
    if name in NEEDED and np.isnan(column).any():
        raise FeatureError(f"hourly weather `{name}` must be given for every hour; it is missing for some")
    return column


def _sum(values: Array, first: int, last: int) -> Array:
    padded = np.concatenate([np.zeros(max(-first, 0)), values, np.zeros(max(last, 0))])
    start = max(-first, 0) + first
    windows = sliding_window_view(padded, last - first + 1)[start : start + values.size]
    total: Array = windows.sum(axis=1)
    return total


def _since(known: Mapping[str, Array]) -> dict[str, Array]:
    """Return hours since it last rained or snowed, snow that lies, and the mean temperature of a day."""
    places = np.arange(known["rain"].size)
    wet = known["rain"] + known["snowfall"] >= WET_INCH
    last_wet = np.maximum.accumulate(np.where(wet, places, -int(_DRY_CAP_HOURS)))
    width = np.minimum(places + 1, 24)
    return {
        "hours_dry": np.minimum(places - last_wet, _DRY_CAP_HOURS),
        "snow_lying": _lying(known),
        "temperature_24h": _sum(known["temperature"], -23, 0) / width,
    }


def _lying(known: Mapping[str, Array]) -> Array:
    """Return inches of snow that lie: fallen, melted by warmth and washed away by rain."""
    melt = np.maximum(known["temperature"] - 33, 0) * 0.01 + known["rain"] * 0.5
    depth, depths = 0.0, np.empty(melt.size)
    for place, (fallen, lost) in enumerate(zip(known["snowfall"].tolist(), melt.tolist(), strict=True)):
        depth = max(depth + fallen - lost, 0.0)
        depths[place] = depth
    return depths

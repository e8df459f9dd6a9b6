"""The one definition of features: training, serving and monitoring all build them here.

Every feature is known at any horizon for which the day's weather is forecast: nothing here looks
at past demand. What recent demand teaches is the level (``model.level``), read at a stated age.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from bikecast.arrays import Array, Hours, Matrix
from bikecast.errors import FeatureError
from use_cases.citibike import calendar

REQUIRED_WEATHER = ("TMAX", "TMIN", "SNOW")
OPTIONAL_WEATHER = ("TAVG", "PRCP", "AWND", "SNWD")


class Known(StrEnum):
    """When the value of a feature is known."""

    ALWAYS = "always: it follows from the date and hour"
    WITH_FORECAST = "as soon as the day's weather is forecast; observed weather stands in for it in training"


@dataclass(frozen=True)
class Feature:
    """One column of the matrix."""

    name: str
    known: Known
    meaning: str


def _calendar(name: str, meaning: str) -> Feature:
    return Feature(name, Known.ALWAYS, meaning)


def _weather(name: str, meaning: str) -> Feature:
    return Feature(name, Known.WITH_FORECAST, meaning)


FEATURES = (
    _calendar("hour", "hour of the day, 0 to 23"),
    _calendar("dow", "day of the week, 0 is Monday"),
    _calendar("holiday", "1 on a federal holiday"),
    _calendar("workday", "1 on Monday to Friday that is not a holiday"),
    _calendar("doy_sin", "season: sine of the day of the year"),
    _calendar("doy_cos", "season: cosine of the day of the year"),
    _calendar("sun", "solar elevation in the middle of the hour, degrees"),
    _calendar("daylen", "length of the day: 1 at the summer solstice, -1 at the winter one"),
    _calendar("to_hol", "days to the next holiday, capped at 4"),
    _calendar("from_hol", "days since the last holiday, capped at 4"),
    _calendar("xmasweek", "1 from 23 December to 1 January"),
    _calendar("tom_off", "1 if tomorrow is a day off"),
    _calendar("yest_off", "1 if yesterday was a day off"),
    _calendar(
        "hol_major", "2 on a holiday that empties the city, 1 on another federal one, 3 in New Year's night"
    ),
    _weather("TMAX", "highest temperature of the day, F"),
    _weather("TMIN", "lowest temperature of the day, F"),
    _weather("SNOW", "snowfall of the day, inch"),
    _weather("TAVG", "average temperature of the day, F; the middle of TMIN and TMAX where not given"),
    _weather("PRCP", "rain and melted snow of the day, inch; NaN where not given"),
    _weather("AWND", "average wind of the day, mph; NaN where not given"),
    _weather("SNWD", "snow on the ground, inch; NaN where not given"),
)
FEATURE_NAMES = tuple(feature.name for feature in FEATURES)

# Batches up to this size, a week's forecast and more, look their calendar columns up.
MEMO_BATCH = 1024
MEMO_HOURS = 20_000
_MEMO: dict[int, NDArray[np.float32]] = {}

_ONE_DAY = np.timedelta64(1, "D")
_OF_HOUR: dict[str, Callable[[Hours], Array]] = {
    "hour": lambda hours: calendar.hour_of_day(hours).astype(np.float64),
    "sun": calendar.solar_elevation_deg,
    "hol_major": lambda hours: calendar.holiday_rank(hours) + calendar.is_new_years_night(hours),
}
_OF_DAY: dict[str, Callable[[Hours], Array]] = {
    "dow": lambda hours: calendar.day_of_week(hours).astype(np.float64),
    "holiday": lambda hours: (calendar.holiday_rank(hours) > 0).astype(np.float64),
    "workday": lambda hours: 1 - calendar.is_day_off(hours),
    "doy_sin": lambda hours: np.sin(_season(hours)),
    "doy_cos": lambda hours: np.cos(_season(hours)),
    "daylen": lambda hours: np.cos(_season(hours) - 2 * np.pi * 172 / calendar.YEAR_DAYS),
    "to_hol": lambda hours: calendar.days_to_holiday(hours, direction=1),
    "from_hol": lambda hours: calendar.days_to_holiday(hours, direction=-1),
    "xmasweek": calendar.is_christmas_week,
    "tom_off": lambda hours: calendar.is_day_off(hours + _ONE_DAY),
    "yest_off": lambda hours: calendar.is_day_off(hours - _ONE_DAY),
}
CALENDAR_NAMES = (*_OF_HOUR, *_OF_DAY)
_POSITION = {name: position for position, name in enumerate(FEATURE_NAMES)}
_CALENDAR_POSITIONS = [_POSITION[name] for name in CALENDAR_NAMES]


def _season(hours: Hours) -> Array:
    return (2 * np.pi * calendar.day_of_year(hours) / calendar.YEAR_DAYS).astype(np.float64)


def build_features(hours: Hours, weather: Mapping[str, NDArray[np.floating]]) -> Matrix:
    """Build the feature matrix, one row an hour, columns as ``FEATURE_NAMES``.

    Args:
        hours: Naive New York wall time, any resolution; shape (n,).
        weather: The day's values for each hour, F, inch and mph; TMAX, TMIN and SNOW are needed,
            the others may be missing or NaN. Each of shape (n,).
    Returns:
        float32 matrix of shape (n, n_features); NaN only in columns of optional weather.
    Raises:
        FeatureError: A needed weather column is missing or NaN, or a length differs.
    """
    hours = np.asarray(hours).astype("datetime64[s]")
    rows = _remembered(hours) if hours.size <= MEMO_BATCH else calendar_rows(hours)
    weather_columns = _weather_columns(hours, weather)
    matrix = np.empty((hours.size, len(FEATURE_NAMES)), dtype=np.float32)
    matrix[:, _CALENDAR_POSITIONS] = rows
    for name, values in weather_columns.items():
        matrix[:, _POSITION[name]] = values
    return matrix


def calendar_rows(hours: Hours) -> NDArray[np.float32]:
    """Return the columns that follow from the hour alone; shape (n, n_calendar_features)."""
    days, day_of_hour = np.unique(hours.astype("datetime64[D]"), return_inverse=True)
    columns = {name: build(hours) for name, build in _OF_HOUR.items()}
    columns |= {name: build(days)[day_of_hour] for name, build in _OF_DAY.items()}
    return np.column_stack([columns[name] for name in CALENDAR_NAMES]).astype(np.float32)


def _remembered(hours: Hours) -> NDArray[np.float32]:
    """Return the same from memory: a predictor is asked for the same few hundred hours again and again."""
    keys = hours.astype("datetime64[h]").astype(np.int64).tolist()
    known = {key: row for key in keys if (row := _MEMO.get(key)) is not None}
    missing = [key for key in dict.fromkeys(keys) if key not in known]
    if missing:
        rows = calendar_rows(np.asarray(missing, dtype=np.int64).astype("datetime64[h]"))
        fresh = dict(zip(missing, rows, strict=True))
        if len(_MEMO) + len(fresh) > MEMO_HOURS:
            _MEMO.clear()
        _MEMO.update(fresh)
        known |= fresh
    empty = np.empty((0, len(CALENDAR_NAMES)), dtype=np.float32)
    return np.vstack([known[key] for key in keys]) if keys else empty


def _weather_columns(hours: Hours, weather: Mapping[str, NDArray[np.floating]]) -> dict[str, Array]:
    columns = {name: _column(name, hours, weather) for name in (*REQUIRED_WEATHER, *OPTIONAL_WEATHER)}
    for name in REQUIRED_WEATHER:
        if np.isnan(columns[name]).any():
            raise FeatureError(f"weather `{name}` must be given for every hour; it is missing for some")
    middle = (columns["TMAX"] + columns["TMIN"]) / 2
    columns["TAVG"] = np.where(np.isnan(columns["TAVG"]), middle, columns["TAVG"])
    return columns


def _column(name: str, hours: Hours, weather: Mapping[str, NDArray[np.floating]]) -> Array:
    values = weather.get(name)
    if values is None:
        return np.full(hours.shape, np.nan)
    column = np.asarray(values, dtype=np.float64)
    if column.shape != hours.shape:
        raise FeatureError(f"weather `{name}` has {column.shape} values for {hours.shape} hours")
    return column

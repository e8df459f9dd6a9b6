"""What New York's wall clock alone says about an hour: season, sun, holidays and their neighbours.

Hours are naive local time (``datetime64``), as in the published tables: the hour that autumn
repeats is one hour, the one that spring skips does not exist.
"""

import datetime as dt
from functools import lru_cache

import holidays as federal
import numpy as np

from bikecast.arrays import Array, Hours, Ints

LATITUDE_DEG = 40.75
LONGITUDE_DEG = -73.98
YEAR_DAYS = 365.25
NEIGHBOUR_CAP_DAYS = 4
NEW_YEARS_HOURS = 5
MAJOR = ("New Year's Day", "Independence Day", "Thanksgiving", "Christmas", "Memorial Day", "Labor Day")


@lru_cache(maxsize=64)
def _holidays_of(year: int) -> dict[dt.date, str]:
    return dict(federal.country_holidays("US", years=year).items())


def holiday_rank(days: Hours) -> Array:
    """Rank each day: 2 for a holiday that empties offices and streets, 1 for another federal one, else 0."""
    unique, position = np.unique(days.astype("datetime64[D]"), return_inverse=True)
    ranks = [_rank(day) for day in unique.tolist()]
    return np.asarray(ranks, dtype=np.float64)[position]


def is_new_years_night(hours: Hours) -> Array:
    """Return 1 for the first five hours of a year, in which many ride home from a celebration, else 0."""
    night = (day_of_year(hours) == 1) & (hour_of_day(hours) < NEW_YEARS_HOURS)
    return np.where(night, 1.0, 0.0)


def is_holiday(day: dt.date) -> bool:
    """Tell whether a day is a federal holiday, or observed as one."""
    return day in _holidays_of(day.year)


def _rank(day: dt.date) -> float:
    name = _holidays_of(day.year).get(day)
    if name is None:
        return 0.0
    observed = "observed" in name.lower()
    return 2.0 if any(major in name for major in MAJOR) and not observed else 1.0


def utc_offset_hours(hours: Hours) -> Array:
    """Return -4 in daylight time, else -5.

    Source: Energy Policy Act of 2005, in force from 2007: second Sunday of March to first Sunday
    of November, at 02:00.
    """
    year = hours.astype("datetime64[Y]")
    start = _nth_sunday(year, month=3, nth=2) + np.timedelta64(2, "h")
    end = _nth_sunday(year, month=11, nth=1) + np.timedelta64(2, "h")
    return np.where((hours >= start) & (hours < end), -4.0, -5.0)


def _nth_sunday(year: Hours, *, month: int, nth: int) -> Hours:
    first = (year.astype("datetime64[M]") + np.timedelta64(month - 1, "M")).astype("datetime64[D]")
    to_sunday = (6 - day_of_week(first)) % 7
    sunday: Hours = (first + (to_sunday + 7 * (nth - 1)).astype("timedelta64[D]")).astype("datetime64[h]")
    return sunday


def day_of_week(hours: Hours) -> Ints:
    """Return 0 for Monday to 6 for Sunday."""
    days_since_1970 = hours.astype("datetime64[D]").astype(np.int64)
    weekday: Ints = (days_since_1970 + 3) % 7  # 1970-01-01 was a Thursday
    return weekday


def day_of_year(hours: Hours) -> Ints:
    """Return 1 for the first of January."""
    day = hours.astype("datetime64[D]")
    since_new_year: Ints = (day - hours.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
    return since_new_year + 1


def hour_of_day(hours: Hours) -> Ints:
    """Return 0 to 23."""
    return hours.astype("datetime64[h]").astype(np.int64) % 24


def solar_elevation_deg(hours: Hours) -> Array:
    """Return the sun's height over Manhattan's horizon in the middle of each hour.

    Source: NOAA Global Monitoring Laboratory, "General Solar Position Calculations".
    """
    clock = hour_of_day(hours) + 0.5
    turn = 2 * np.pi / 365 * (day_of_year(hours) - 1 + (clock - 12) / 24)
    equation_min = 229.18 * (
        0.000075
        + 0.001868 * np.cos(turn)
        - 0.032077 * np.sin(turn)
        - 0.014615 * np.cos(2 * turn)
        - 0.040849 * np.sin(2 * turn)
    )
    solar_min = clock * 60 + equation_min + 4 * LONGITUDE_DEG - 60 * utc_offset_hours(hours)
    hour_angle = np.radians(solar_min / 4 - 180)
    latitude, declination = np.radians(LATITUDE_DEG), _declination(turn)
    sine = np.sin(latitude) * np.sin(declination)
    sine += np.cos(latitude) * np.cos(declination) * np.cos(hour_angle)
    elevation: Array = np.degrees(np.arcsin(np.clip(sine, -1, 1)))
    return elevation


def _declination(turn: Array) -> Array:
    """Source: as ``solar_elevation_deg``."""
    result: Array = (
        0.006918
        - 0.399912 * np.cos(turn)
        + 0.070257 * np.sin(turn)
        - 0.006758 * np.cos(2 * turn)
        + 0.000907 * np.sin(2 * turn)
        - 0.002697 * np.cos(3 * turn)
        + 0.00148 * np.sin(3 * turn)
    )
    return result


def days_to_holiday(days: Hours, *, direction: int) -> Array:
    """Return the days to the nearest holiday ahead (``direction=1``) or behind (``-1``), capped."""
    distance = np.full(days.shape, float(NEIGHBOUR_CAP_DAYS))
    for step in range(NEIGHBOUR_CAP_DAYS - 1, -1, -1):
        neighbours = (days.astype("datetime64[D]").astype(np.int64) + direction * step).astype(
            "datetime64[D]"
        )
        distance[holiday_rank(neighbours) > 0] = step
    return distance


def is_day_off(days: Hours) -> Array:
    """Return 1 for a Saturday, Sunday or federal holiday, else 0."""
    off = (day_of_week(days) >= 5) | (holiday_rank(days) > 0)
    return off.astype(np.float64)


def is_christmas_week(days: Hours) -> Array:
    """Return 1 from 23 December to 1 January, else 0."""
    day = days.astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    of_month = (day - month.astype("datetime64[D]")).astype(np.int64) + 1
    month_of_year = month.astype(np.int64) % 12 + 1
    inside = ((month_of_year == 12) & (of_month >= 23)) | ((month_of_year == 1) & (of_month == 1))
    flag: Array = inside.astype(np.float64)
    return flag

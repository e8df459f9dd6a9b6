"""What an hour is told of its day: extremes and sums, the day before, and the chance of rain."""

from collections.abc import Mapping

import numpy as np

from bikecast.arrays import Array, Hours, Ints, Mask

WET_INCH = 0.01
OF_DAY = ("tmax", "tmin", "tavg", "rain_of_day", "snow_of_day", "wind_of_day", "wet_hours", "cloud_of_day")
YESTERDAY = ("rain_yesterday", "tavg_yesterday")
CHANCES = ("chance_of_day", "chance_most")
_ACTIVE_HOURS = (8, 20)  # when most ride


def days(times: Hours, known: Mapping[str, Array]) -> dict[str, Array]:
    """Return what each hour's day brings, and what the day before brought."""
    dates, first, day_of_hour = np.unique(
        times.astype("datetime64[D]"), return_index=True, return_inverse=True
    )
    count = np.bincount(day_of_hour)
    temperature, rain = known["temperature"], known["rain"]
    by_day = {
        "tmax": np.maximum.reduceat(temperature, first),
        "tmin": np.minimum.reduceat(temperature, first),
        "tavg": np.bincount(day_of_hour, temperature) / count,
        "rain_of_day": np.bincount(day_of_hour, rain),
        "snow_of_day": np.bincount(day_of_hour, known["snowfall"]),
        "wind_of_day": np.bincount(day_of_hour, known["wind"]) / count,
        "wet_hours": np.bincount(day_of_hour, (rain >= WET_INCH) & _active(times)),
        "cloud_of_day": np.bincount(day_of_hour, known["cloud_cover"]) / count,
    }
    follows = np.concatenate([[False], np.diff(dates) == np.timedelta64(1, "D")])
    for name, source in zip(YESTERDAY, ("rain_of_day", "tavg"), strict=True):
        by_day[name] = np.where(follows, np.concatenate([[np.nan], by_day[source][:-1]]), np.nan)
    return {name: values[day_of_hour] for name, values in by_day.items()}


def chances(times: Hours, chance: Array) -> dict[str, Array]:
    """Return the mean and the largest chance of rain of each day's active hours; NaN where none is known."""
    _, first, day_of_hour = np.unique(times.astype("datetime64[D]"), return_index=True, return_inverse=True)
    active = _active(times) & np.isfinite(chance)
    count = np.bincount(day_of_hour, active)
    total = np.bincount(day_of_hour, np.where(active, chance, 0))
    most = np.maximum.reduceat(np.where(active, chance, -np.inf), first)
    mean = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    return {
        "chance_of_day": mean[day_of_hour],
        "chance_most": np.where(count > 0, most, np.nan)[day_of_hour],
    }


def _active(times: Hours) -> Mask:
    clock: Ints = times.astype(np.int64) % 24
    found: Mask = (clock >= _ACTIVE_HOURS[0]) & (clock < _ACTIVE_HOURS[1])
    return found

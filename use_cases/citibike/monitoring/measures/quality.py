"""Data quality of one window: missing values, stuck sensors, values out of range."""

from collections.abc import Iterator

import numpy as np

from bikecast.drift import Kind, Score
from use_cases.citibike.monitoring.hours import WEATHER, ScoredHours

# Sensors report whole degrees and tenths of mph: a run of equal days this long is not a coincidence.
STUCK_COLUMNS = ("TMAX", "TMIN", "TAVG", "AWND")

# Beyond the records of New York, with room: F, inch, mph.
PLAUSIBLE: dict[str, tuple[float, float]] = {
    "TMAX": (-10, 115),
    "TMIN": (-25, 95),
    "TAVG": (-20, 105),
    "PRCP": (0, 15),
    "SNOW": (0, 40),
    "SNWD": (0, 60),
    "AWND": (0, 60),
    "trips": (0, 1e6),
    "prediction": (0, 1e6),
}


def quality_scores(current: ScoredHours, reference: ScoredHours) -> Iterator[Score]:
    """Yield the scores of quality of a window against its season."""
    told, usual = _with_weather(current), _with_weather(reference)
    for name in WEATHER:
        if name not in current.columns or not reference.has(name):
            continue
        more = float(np.isnan(told[name]).mean() - np.isnan(usual[name]).mean()) if len(told) else 0.0
        yield Score(f"missing:{name}", Kind.QUALITY, "share", more, f"{name} is missing more often")
    for name in STUCK_COLUMNS:
        if current.has(name) and reference.has(name):
            yield Score(
                f"stuck:{name}", Kind.QUALITY, "days", longest_run(current, name), f"{name} does not move"
            )
    odd = float(out_of_range(current)) / max(len(current), 1)
    yield Score("out_of_range", Kind.QUALITY, "share", odd, "values are outside what is physically plausible")


def _with_weather(hours: ScoredHours) -> ScoredHours:
    """Return the hours that have any weather; one that has none counts as an absent hour, once."""
    return hours.take(np.any([~np.isnan(hours[name]) for name in WEATHER], axis=0))


def longest_run(hours: ScoredHours, name: str) -> float:
    """Return the longest run of days with one and the same value, counting each day's first row."""
    _, first = np.unique(hours.days(), return_index=True)
    values = hours[name][first]
    values = values[~np.isnan(values)]
    if not values.size:
        return float("nan")
    breaks = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1], [True]]))
    return float(np.diff(breaks).max())


def out_of_range(hours: ScoredHours) -> int:
    """Count values that no thermometer, gauge or counter of New York can have shown."""
    odd = (((hours[n] < low) | (hours[n] > high)).sum() for n, (low, high) in PLAUSIBLE.items())
    return int(sum(odd))

"""Effect sizes of one window against its reference; the same functions calibrate and judge."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bikecast.drift import Kind, Score, jensen_shannon, wasserstein
from use_cases.citibike.calendar import hour_of_day, is_day_off
from use_cases.citibike.monitoring.hours import FACTOR, HIGH, LOW, PREDICTION, TARGET, WEATHER, ScoredHours
from use_cases.citibike.monitoring.quality import quality_scores
from use_cases.citibike.monitoring.reference import Reference

Array = NDArray[np.float64]

# Rain and snow are nothing on most days: a standard deviation of them means little, a band does.
# Upper edges, inch; the first band is "none" (NOAA's trace is 0).
BANDS: dict[str, tuple[float, ...]] = {
    "PRCP": (0.005, 0.1, 0.5),
    "SNOW": (0.05, 1.0, 4.0),
    "SNWD": (0.05, 2.0, 6.0),
}
CONTINUOUS = tuple(name for name in WEATHER if name not in BANDS)
# Scores that may stop everything: the model is wrong, by far and again.
SERIOUS = ("error", "level", "step")
HOURS_A_BLOCK = 4
DAYS_A_WEEK = 7
SMALLEST_DAY_SPREAD = 0.03
FEATURE_METHODS = dict.fromkeys(CONTINUOUS, "wasserstein") | dict.fromkeys(BANDS, "jensenshannon")


def feature_score(name: str, current: Array, reference: Array) -> float:
    """Return a weather feature's distance: normed Wasserstein, or Jensen-Shannon over bands."""
    if name not in BANDS:
        return wasserstein(current, reference)
    return jensen_shannon(band_counts(name, current), band_counts(name, reference))


def band_counts(name: str, values: Array) -> Array:
    """Count the values of each band of a rain or snow column; NaN are left out."""
    band = np.searchsorted(BANDS[name], values[~np.isnan(values)], side="right")
    return np.bincount(band, minlength=len(BANDS[name]) + 1).astype(np.float64)


def window_scores(current: ScoredHours, reference: Reference) -> list[Score]:
    """Return every score that the window's columns allow; a score without data is left out."""
    drift, quality = _drift(current, reference.season), quality_scores(current, reference.season)
    found = [*drift, *_performance(current, reference), *quality]
    return [score for score in found if not np.isnan(score.value)]


def _drift(current: ScoredHours, reference: ScoredHours) -> Iterator[Score]:
    for name in WEATHER:
        if not (current.has(name) and reference.has(name)):
            continue
        value = feature_score(name, current[name], reference[name])
        yield Score(name, Kind.DRIFT, FEATURE_METHODS[name], value, f"{name} is unlike its season")
    for name, text in ((PREDICTION, "predictions are unlike their"), (TARGET, "demand is unlike its")):
        value = wasserstein(current[name], reference[name])
        yield Score(name, Kind.DRIFT, "wasserstein", value, f"{text} season and the last four weeks")


def _performance(current: ScoredHours, reference: Reference) -> Iterator[Score]:
    now, then = current.judged(), reference.out_of_sample.judged()
    if not len(now) or not len(then) or len(current.out_of_sample()) < len(current):
        return
    yield _score("error", wape(now) / max(wape(then), 1e-6), "ratio of WAPE", "the error grew, as a multiple")
    yield _score("level", level(now) / day_spread(then), "median day", "demand is not at the predicted level")
    moved = step(now, reference.before.judged()) / day_spread(then)
    yield _score("step", moved, "median day", "demand moved away from predictions")
    growth = level_growth(now, reference.earlier.judged())
    yield _score("growth", growth, "log ratio", "demand grew or fell and stayed there")
    unlike = "demand is spread over the day unlike predicted"
    yield _score("shape", shape(now), "jensenshannon of blocks", unlike)
    if now.has(LOW) and then.has(LOW):
        short = coverage(then) - coverage(now)
        yield _score("coverage", short, "difference", "intervals hold fewer actuals than they did")


def _score(name: str, value: float, method: str, sentence: str) -> Score:
    return Score(name, Kind.PERFORMANCE, method, value, sentence, serious=name in SERIOUS)


def wape(hours: ScoredHours) -> float:
    """Return sum of absolute errors over sum of actuals."""
    total = max(float(hours[TARGET].sum()), 1.0)
    return float(np.abs(hours[TARGET] - hours[PREDICTION]).sum()) / total


def level(hours: ScoredHours) -> float:
    """Return the logarithm by which the median day misses its predicted total; a storm moves it little."""
    return abs(_median_ratio(hours))


def step(hours: ScoredHours, before: ScoredHours) -> float:
    """Return by how much that miss differs from the one of the weeks before; NaN with less than one.

    A model may be off by its usual amount; a step is news, even while the level is catching up.
    """
    if len(np.unique(before.days())) < DAYS_A_WEEK:
        return float("nan")
    return abs(_median_ratio(hours) - _median_ratio(before))


def _median_ratio(hours: ScoredHours) -> float:
    return float(np.median(_day_ratios(hours)))


def level_growth(hours: ScoredHours, earlier: ScoredHours) -> float:
    """Return how far demand moved against the stateless model in some weeks; NaN where too few are known.

    The served level follows such a move within weeks, so errors show only its beginning; this shows it
    in every window until the weeks ago have it too.
    """
    if not (hours.has(FACTOR) and earlier.has(FACTOR)) or len(np.unique(earlier.days())) < DAYS_A_WEEK:
        return float("nan")
    return abs(_median_ratio(_stateless(hours)) - _median_ratio(_stateless(earlier)))


def _stateless(hours: ScoredHours) -> ScoredHours:
    return ScoredHours(hours.timestamp, {**hours.columns, PREDICTION: hours[PREDICTION] / hours[FACTOR]})


def day_spread(hours: ScoredHours) -> float:
    """Return the robust standard deviation of the daily log ratios, with a floor."""
    ratios = _day_ratios(hours)
    spread = 1.4826 * float(np.median(np.abs(ratios - np.median(ratios))))
    return max(spread, SMALLEST_DAY_SPREAD)


def _day_ratios(hours: ScoredHours) -> Array:
    _, day = np.unique(hours.days(), return_inverse=True)
    actual, predicted = np.bincount(day, hours[TARGET]), np.bincount(day, hours[PREDICTION])
    return np.log(np.maximum(actual, 1.0) / np.maximum(predicted, 1.0))


def shape(hours: ScoredHours) -> float:
    """Return the distance between actual and predicted shares of the blocks of working and free days.

    Both sides have the same rows, so it says how riders' hours changed and not which hours were asked for.
    """
    block = hour_of_day(hours.timestamp) // HOURS_A_BLOCK + 6 * is_day_off(hours.timestamp).astype(np.int64)
    sides = (np.bincount(block, hours[name]).astype(np.float64) for name in (TARGET, PREDICTION))
    return jensen_shannon(*sides)


def coverage(hours: ScoredHours) -> float:
    """Return the share of actuals inside their interval; NaN without intervals."""
    known = ~np.isnan(hours[LOW]) & ~np.isnan(hours[TARGET])
    if not known.any():
        return float("nan")
    inside = (hours[TARGET] >= hours[LOW]) & (hours[TARGET] <= hours[HIGH])
    return float(inside[known].mean())

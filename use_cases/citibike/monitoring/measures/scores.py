"""Effect sizes of one window against its reference; the same functions calibrate and judge."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bikecast.drift import LOG_RATIO, Kind, Score, jensen_shannon, wasserstein
from use_cases.citibike.calendar import hour_of_day, is_day_off
from use_cases.citibike.monitoring.hours import FACTOR, HIGH, LOW, PREDICTION, TARGET, WEATHER, ScoredHours
from use_cases.citibike.monitoring.measures.quality import quality_scores
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
TITLES = {
    "TMAX": "highest temperature",
    "TMIN": "lowest temperature",
    "TAVG": "mean temperature",
    "PRCP": "rain",
    "SNOW": "snowfall",
    "SNWD": "snow depth",
    "AWND": "wind",
}
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
        yield Score(
            name,
            Kind.DRIFT,
            FEATURE_METHODS[name],
            value,
            f"{TITLES[name]} ({name}) is unusual for the season",
        )
    for name, text in ((PREDICTION, "predictions are"), (TARGET, "demand is")):
        value = wasserstein(current[name], reference[name])
        sentence = f"{text} unusual for the season and the last four weeks"
        yield Score(name, Kind.DRIFT, "wasserstein", value, sentence)


def _performance(current: ScoredHours, reference: Reference) -> Iterator[Score]:
    now, then = current.judged(), reference.out_of_sample.judged()
    if not len(now) or not len(then) or len(current.out_of_sample()) < len(current):
        return
    yield _score(
        "error",
        wape(now) / max(wape(then), 1e-6),
        "ratio of WAPE",
        "the error grew, as a multiple",
    )
    yield from _levels(now, reference, spread=day_spread(then))
    moved = "demand shifted between hours of the day"
    yield _score("shape", shape(now), "jensenshannon of blocks", moved)
    if now.has(LOW) and then.has(LOW):
        short = coverage(then) - coverage(now)
        yield _score("coverage", short, "difference", "intervals contain fewer actual values than before")


def _levels(now: ScoredHours, reference: Reference, *, spread: float) -> Iterator[Score]:
    """Yield how far demand is from predictions, each with its direction."""
    miss, moved = level(now), step(now, reference.before.judged())
    yield _score("level", abs(miss) / spread, "median day", f"demand is {_side(miss)} than predicted")
    sentence = f"demand became {_side(moved)} than predicted"
    yield _score("step", abs(moved) / spread, "median day", sentence)
    growth = level_growth(now, reference.earlier.judged())
    weeks = f"demand has been {_side(growth)} for weeks"
    yield Score("growth", Kind.PERFORMANCE, LOG_RATIO, abs(growth), weeks, is_fall=growth < 0)


def _side(log_ratio: float) -> str:
    return "higher" if log_ratio > 0 else "lower"


def _score(name: str, value: float, method: str, sentence: str) -> Score:
    return Score(name, Kind.PERFORMANCE, method, value, sentence, serious=name in SERIOUS)


def wape(hours: ScoredHours) -> float:
    """Return sum of absolute errors over sum of actuals."""
    total = max(float(hours[TARGET].sum()), 1.0)
    return float(np.abs(hours[TARGET] - hours[PREDICTION]).sum()) / total


def level(hours: ScoredHours) -> float:
    """Return the log ratio of the median day's demand to its prediction; a storm moves it little."""
    return _median_ratio(hours)


def step(hours: ScoredHours, before: ScoredHours) -> float:
    """Return by how much that ratio differs from the one of the weeks before; NaN with less than one week.

    A model may be off by its usual amount; a step is new, even while the bias correction is catching up.
    """
    if len(np.unique(before.days())) < DAYS_A_WEEK:
        return float("nan")
    return _median_ratio(hours) - _median_ratio(before)


def _median_ratio(hours: ScoredHours) -> float:
    return float(np.median(_day_ratios(hours)))


def level_growth(hours: ScoredHours, earlier: ScoredHours) -> float:
    """Return the log ratio by which demand moved in weeks, without bias correction; NaN if too few are known.

    The bias correction follows such a move within weeks, so errors show only its beginning; this shows it
    in every window until the earlier weeks have it too.
    """
    if not (hours.has(FACTOR) and earlier.has(FACTOR)) or len(np.unique(earlier.days())) < DAYS_A_WEEK:
        return float("nan")
    return _median_ratio(_stateless(hours)) - _median_ratio(_stateless(earlier))


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

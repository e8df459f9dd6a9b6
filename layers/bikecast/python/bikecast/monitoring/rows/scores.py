"""Effect sizes of one window of rows against the frozen training sample; calibration uses the same ones."""

from collections.abc import Iterator

import numpy as np

from bikecast.arrays import Array, Ints
from bikecast.drift import Kind, Score, jensen_shannon, wasserstein
from bikecast.monitoring.rows.table import UNKNOWN_LEVELS, levels_of, outcome_of, watched_inputs
from bikecast.monitoring.scored import PREDICTION, ScoredRows
from bikecast.use_case import Classification, Input, Number, UseCase

ERROR, BALANCE, COVERAGE = "error", "balance", "coverage"
FEWEST_JUDGED = 30
FEWEST_EXPECTED = 5
SMALLEST_ERROR = 1e-6


def row_scores(use_case: UseCase, current: ScoredRows, reference: ScoredRows) -> list[Score]:
    """Return every score that the window's columns allow; a score without data is left out."""
    drift = _drift(use_case, current, reference)
    performance = _performance(use_case, current.judged(), reference.judged())
    quality = _quality(use_case, current, reference)
    return [score for score in [*drift, *performance, *quality] if not np.isnan(score.value)]


def column_distance(values: Array, reference: Array, levels: tuple[str, ...]) -> float:
    """Return a column's distance: normed Wasserstein, or Jensen-Shannon over levels."""
    if not levels:
        return wasserstein(values, reference)
    groups = level_groups(values, reference, levels)
    sides = (_counts(side, levels) for side in (values, reference))
    now, then = (np.bincount(groups, weights=counts).astype(np.float64) for counts in sides)
    return jensen_shannon(now, then)


def level_groups(values: Array, reference: Array, levels: tuple[str, ...]) -> Ints:
    """Return the group of each level: rare levels share one, as in a chi-squared test.

    A level that the window should hold fewer than ``FEWEST_EXPECTED`` times joins its neighbours in the
    declaration until they are expected so often together. Of 265 zones, a hundred rows hold most by chance
    or not at all, and a distance over them all is that chance.
    """
    counts = _counts(reference, levels)
    expected = counts * np.count_nonzero(~np.isnan(values)) / max(counts.sum(), 1)
    rare = expected < FEWEST_EXPECTED
    shared = -1 - np.cumsum(np.where(rare, expected, 0)) // FEWEST_EXPECTED
    groups: Ints = np.unique(np.where(rare, shared, np.arange(len(levels))), return_inverse=True)[1]
    return groups


def _counts(codes: Array, levels: tuple[str, ...]) -> Array:
    known = codes[~np.isnan(codes)].astype(np.int64)
    return np.bincount(known, minlength=len(levels)).astype(np.float64)


def method_of(levels: tuple[str, ...]) -> str:
    """Return the name of the distance of a column, as Evidently calls it."""
    return "jensenshannon" if levels else "wasserstein"


def drift_columns(use_case: UseCase) -> dict[str, str]:
    """Return the columns that are compared, each with the sentence that says what moved."""
    inputs = {i.name: f"{_called(i)} differs from the training sample" for i in watched_inputs(use_case)}
    return inputs | {
        PREDICTION: "predictions differ from those of the training sample",
        use_case.task.target: f"{use_case.task.target} differs from the training sample",
    }


def _drift(use_case: UseCase, current: ScoredRows, reference: ScoredRows) -> Iterator[Score]:
    levels = levels_of(use_case)
    for name, sentence in drift_columns(use_case).items():
        if current.has(name) and reference.has(name):
            value = column_distance(current[name], reference[name], levels.get(name, ()))
            important = name in use_case.monitoring.important
            yield Score(
                name, Kind.DRIFT, method_of(levels.get(name, ())), value, sentence, important=important
            )


def _performance(use_case: UseCase, now: ScoredRows, then: ScoredRows) -> Iterator[Score]:
    if min(len(now), len(then)) < FEWEST_JUDGED:
        return
    metric = use_case.metrics[0]
    errors = [
        float(
            metric.error(
                metric.value(metric.parts(rows[rows.target], outcome_of(rows, use_case)).sum(axis=0))
            )
        )
        for rows in (now, then)
    ]
    sentence = f"the error ({metric.title}) grew, as a multiple"
    ratio = errors[0] / max(errors[1], SMALLEST_ERROR)
    yield Score(ERROR, Kind.PERFORMANCE, "ratio of errors", ratio, sentence, serious=True)
    moved, sentence = _balance(use_case, now, then)
    yield Score(BALANCE, Kind.PERFORMANCE, "difference", moved, sentence)
    covers = [outcome_of(rows, use_case).covers(rows[rows.target]) for rows in (now, then)]
    if covers[0] is not None and covers[1] is not None:
        short = float(covers[1].mean() - covers[0].mean())
        sentence = "intervals or prediction sets hold fewer true values than they did"
        yield Score(COVERAGE, Kind.PERFORMANCE, "difference", short, sentence)


def _balance(use_case: UseCase, now: ScoredRows, then: ScoredRows) -> tuple[float, str]:
    """Return by how much the mean error moved: in standard deviations, or as the largest share of a class."""
    target = use_case.task.target
    if isinstance(use_case.task, Classification):
        levels = use_case.task.classes
        excess = [
            (_counts(rows[PREDICTION], levels) - _counts(rows[target], levels)) / len(rows)
            for rows in (now, then)
        ]
        return float(
            np.abs(excess[0] - excess[1]).max()
        ), "classes are predicted oftener or more seldom than they occur"
    error_now, error_then = (rows[PREDICTION] - rows[target] for rows in (now, then))
    spread = max(float(error_then.std()), SMALLEST_ERROR)
    moved = abs(float(error_now.mean() - error_then.mean())) / spread
    return moved, "predictions are too high or too low, compared with the training sample"


def _quality(use_case: UseCase, current: ScoredRows, reference: ScoredRows) -> Iterator[Score]:
    for item in watched_inputs(use_case):
        if item.name not in current.columns and not item.optional:
            yield Score(f"missing:{item.name}", Kind.QUALITY, "share", 1.0, f"{item.name} is missing")
        elif item.name in current.columns and reference.has(item.name):
            more = _missing(current[item.name]) - _missing(reference[item.name])
            yield Score(
                f"missing:{item.name}", Kind.QUALITY, "share", more, f"{item.name} is missing more often"
            )
    odd = out_of_range(use_case, current) / max(len(current), 1)
    yield Score("out_of_range", Kind.QUALITY, "share", odd, "values are outside their declared range")
    unknown = float((current[UNKNOWN_LEVELS] > 0).mean()) if current.has(UNKNOWN_LEVELS) else 0.0
    yield Score(UNKNOWN_LEVELS, Kind.QUALITY, "share", unknown, "rows have levels that training never saw")


def _missing(values: Array) -> float:
    return float(np.isnan(values).mean()) if values.size else 0.0


def out_of_range(use_case: UseCase, rows: ScoredRows) -> int:
    """Count the values of numeric inputs that lie outside their declared range."""
    ranges = {i.name: i.kind for i in watched_inputs(use_case) if isinstance(i.kind, Number)}
    return int(sum(((rows[n] < r.low) | (rows[n] > r.high)).sum() for n, r in ranges.items()))


def _called(item: Input) -> str:
    return item.name if item.meaning == item.name else f"{item.meaning} ({item.name})"

"""Limits by the size of a window, drawn from the training sample: wider for small windows than for large."""

from collections.abc import Iterator

import numpy as np

from bikecast.drift import DriftLimits, Kind, Limit
from bikecast.errors import DataError
from bikecast.monitoring.limits.calibration import FLOORS, WINDOWS_A_QUARTER, learn_limits, wall_datetime
from bikecast.monitoring.limits.limits import RowLimits
from bikecast.monitoring.rows.scores import BALANCE, COVERAGE, ERROR, row_scores
from bikecast.monitoring.scored import ScoredRows
from bikecast.use_case import UseCase

# A window is judged by the limits of the largest of these that it reaches.
SIZES = (100, 300, 1_000, 3_000, 10_000)
DRAWS = 10 * WINDOWS_A_QUARTER
LARGEST_SHARE = 1 / 3  # of the sample; the rest is what a drawn window is compared with
REFERENCE_ROWS = 5_000
UNLEARNED = {
    ERROR: Limit(value=1.5, kind=Kind.PERFORMANCE, method="ratio of errors"),
    BALANCE: Limit(value=0.5, kind=Kind.PERFORMANCE, method="difference"),
    COVERAGE: Limit(value=0.15, kind=Kind.PERFORMANCE, method="difference"),
}


def learn_row_limits(use_case: UseCase, history: ScoredRows, *, seed: int = 42) -> RowLimits:
    """Learn the limits of one model version at every size that its sample allows.

    Windows are runs of neighbouring rows where rows have a time, since neighbours are alike, and rows drawn
    at random where they have none.

    Args:
        use_case: Declares what is compared.
        history: The training sample, scored out of sample; ascending where rows have a time.
        seed: Of the draws.
    Raises:
        DataError: The sample is too small for the smallest size.
    """
    sizes = [size for size in SIZES if size <= len(history) * LARGEST_SHARE]
    if not sizes:
        raise DataError(f"{len(history)} rows are too few to learn from; {3 * SIZES[0]} are needed")
    return RowLimits(by_rows={size: _learn(use_case, history, size, seed) for size in sizes})


def _learn(use_case: UseCase, history: ScoredRows, size: int, seed: int) -> DriftLimits:
    generator = np.random.default_rng([seed, size])
    drawn = _windows(len(history), size, ordered=use_case.examples.time is not None, generator=generator)
    scored = {
        number: row_scores(use_case, history.take(rows), history.take(_rest(len(history), rows, generator)))
        for number, rows in enumerate(drawn)
    }
    return learn_limits(
        scored,
        step=1,
        windows_a_quarter=WINDOWS_A_QUARTER,
        known=UNLEARNED,
        floors=FLOORS,
        about={
            "window_days": use_case.monitoring.window_days or 1,
            "window_rows": size,
            "history_start": wall_datetime(history.timestamp.min()),
            "history_end": wall_datetime(history.timestamp.max()),
        },
    )


def _windows(
    n_rows: int, size: int, *, ordered: bool, generator: np.random.Generator
) -> Iterator[np.ndarray]:
    for _ in range(DRAWS):
        if ordered:
            start = int(generator.integers(0, n_rows - size + 1))
            yield np.arange(start, start + size)
        else:
            yield generator.choice(n_rows, size=size, replace=False)


def _rest(n_rows: int, rows: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return the rows outside a window, some of them where there are many."""
    outside = np.ones(n_rows, dtype=bool)
    outside[rows] = False
    rest = np.flatnonzero(outside)
    return (
        rest
        if rest.size <= REFERENCE_ROWS
        else np.sort(generator.choice(rest, REFERENCE_ROWS, replace=False))
    )

"""Limits by the size of a window, drawn from the training sample: wider for small windows than for large."""

from itertools import islice

import numpy as np

from bikecast.arrays import Ints
from bikecast.drift import DriftLimits, Kind, Limit
from bikecast.errors import DataError
from bikecast.monitoring.limits.calibration import FLOORS, WINDOWS_A_QUARTER, learn_limits, wall_datetime
from bikecast.monitoring.limits.limits import RowLimits
from bikecast.monitoring.rows.drawn_windows import drawn_windows, largest_window
from bikecast.monitoring.rows.scores import BALANCE, COVERAGE, ERROR, row_scores
from bikecast.monitoring.scored import ScoredRows
from bikecast.use_case import UseCase

# A window is judged by the limits of the largest of these that it reaches.
SIZES = (100, 300, 1_000, 3_000, 10_000)
DRAWS = 10 * WINDOWS_A_QUARTER
FEWEST_ROWS = 3 * SIZES[0]
REFERENCE_ROWS = 5_000
UNLEARNED = {
    ERROR: Limit(value=1.5, kind=Kind.PERFORMANCE, method="ratio of errors"),
    BALANCE: Limit(value=0.5, kind=Kind.PERFORMANCE, method="difference"),
    COVERAGE: Limit(value=0.15, kind=Kind.PERFORMANCE, method="difference"),
}


def learn_row_limits(use_case: UseCase, history: ScoredRows, *, seed: int = 42) -> RowLimits:
    """Learn the limits of one model version at every size that its sample allows.

    Args:
        use_case: Declares what is compared.
        history: The training sample, scored out of sample; ascending where rows have a time.
        seed: Of the draws.
    Raises:
        DataError: The sample is too small for the smallest size.
    """
    if len(history) < FEWEST_ROWS:
        raise DataError(f"{len(history)} rows are too few to learn from; {FEWEST_ROWS} are needed")
    largest = max(largest_window(use_case, history), SIZES[0])
    return RowLimits(by_rows={n: _learn(use_case, history, n, seed) for n in SIZES if n <= largest})


def _learn(use_case: UseCase, history: ScoredRows, size: int, seed: int) -> DriftLimits:
    generator = np.random.default_rng([seed, size])
    drawn = islice(drawn_windows(use_case, history, size, generator=generator), DRAWS)
    scored = {
        number: row_scores(use_case, history.take(rows), history.take(_rest(len(history), span, generator)))
        for number, (rows, span) in enumerate(drawn)
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


def _rest(n_rows: int, span: Ints, generator: np.random.Generator) -> Ints:
    """Return the rows outside what a window stands for, some of them where there are many."""
    outside = np.ones(n_rows, dtype=bool)
    outside[span] = False
    rest = np.flatnonzero(outside)
    return (
        rest
        if rest.size <= REFERENCE_ROWS
        else np.sort(generator.choice(rest, REFERENCE_ROWS, replace=False))
    )

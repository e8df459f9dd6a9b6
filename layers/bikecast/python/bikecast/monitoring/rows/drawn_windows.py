"""Windows cut from a sample as the monitor cuts them, for what is learnt from a sample and tried on it."""

from collections.abc import Iterator

import numpy as np

from bikecast.arrays import Ints
from bikecast.monitoring.scored import ScoredRows
from bikecast.use_case import UseCase

LARGEST_SHARE = 1 / 3  # of the sample; the rest is what a drawn window is compared with


def drawn_windows(
    use_case: UseCase, sample: ScoredRows, size: int, *, generator: np.random.Generator
) -> Iterator[tuple[Ints, Ints]]:
    """Yield windows without end: the rows of each, and the rows that these stand for.

    Windows of days follow each other through the sample and begin again at its end; each is drawn from its
    days, since few rows a day are of the whole day and not of an hour. Days with fewer rows than a window
    repeat them: longer windows would hide how days differ. Windows of a number of rows are neighbours where
    rows have a time, and drawn at random where they have none.

    Args:
        use_case: Declares whether windows are of days or of rows.
        sample: Ascending where rows have a time.
        size: Rows of a window.
        generator: Of the draws.
    """
    for span in _spans(use_case, sample, size, generator):
        yield np.sort(generator.choice(span, size=size, replace=size > span.size)), span


def largest_window(use_case: UseCase, sample: ScoredRows) -> float:
    """Return how many rows a window may have that the sample tells about: no more than one of its own."""
    share = len(sample) * LARGEST_SHARE
    if not _has_days(use_case):
        return share
    firsts = _first_rows(sample)
    return min(share, len(sample) * _length(use_case, firsts) / (firsts.size - 1))


def _spans(
    use_case: UseCase, sample: ScoredRows, size: int, generator: np.random.Generator
) -> Iterator[Ints]:
    rows = np.arange(len(sample))
    if _has_days(use_case):
        firsts = _first_rows(sample)
        length = _length(use_case, firsts)
    while True:
        if use_case.examples.time is None:
            yield generator.choice(rows, size=size, replace=size > rows.size)
        elif not _has_days(use_case):
            yield rows[int(generator.integers(max(rows.size - size, 0) + 1)) :][:size]
        else:
            for first in range(int(generator.integers(length)), firsts.size - length, length):
                yield rows[firsts[first] : firsts[first + length]]


def _has_days(use_case: UseCase) -> bool:
    return use_case.examples.time is not None and use_case.monitoring.window_days is not None


def _first_rows(sample: ScoredRows) -> Ints:
    """Return the first row of each day that has rows, and at last the number of rows."""
    found: Ints = np.append(np.unique(sample.days(), return_index=True)[1], len(sample))
    return found


def _length(use_case: UseCase, firsts: Ints) -> int:
    """Return the days of a window, of which the sample must hold three."""
    return max(min(use_case.monitoring.window_days or 1, int((firsts.size - 1) * LARGEST_SHARE)), 1)

"""Windows drawn from a sample are those of the monitor, and rare levels say nothing by chance."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bikecast.drift import jensen_shannon
from bikecast.monitoring.rows.drawn_windows import drawn_windows, largest_window
from bikecast.monitoring.rows.scores import FEWEST_EXPECTED, column_distance, level_groups
from bikecast.monitoring.scored import ScoredRows
from bikecast.use_case import Monitoring, UseCase
from tests.unit.examples.toy import TOY

DAILY = replace(TOY, monitoring=Monitoring(window_days=1))
NEIGHBOURS = replace(TOY, monitoring=Monitoring(window_rows=100))
TIMELESS = replace(NEIGHBOURS, examples=replace(TOY.examples, time=None, partition="all"))
HOURS = np.arange("2024-01-01", "2024-01-31", np.timedelta64(6, "m"), dtype="datetime64[m]")
SAMPLE = ScoredRows(HOURS.astype("datetime64[s]"), {"minutes": np.arange(HOURS.size, dtype=float)})
PER_DAY = 240
LEVELS = tuple("abcdefghij")


def drawn(use_case: UseCase, size: int, *, count: int = 40) -> list[ScoredRows]:
    windows = drawn_windows(use_case, SAMPLE, size, generator=np.random.default_rng(1))
    return [SAMPLE.take(rows) for rows, _ in islice(windows, count)]


def test_few_rows_of_a_day_are_of_the_whole_day_and_days_follow_each_other() -> None:
    windows = drawn(DAILY, 50)
    days = [np.unique(window.days()) for window in windows]
    assert {found.size for found in days} == {1}
    assert [int((found[0] - days[0][0]).astype(int)) for found in days] == [n % 30 for n in range(40)]
    spans = [np.ptp(window.timestamp) for window in windows]
    assert min(spans) > np.timedelta64(18, "h")


def test_a_week_of_days_is_a_week_and_never_more_than_a_third_of_the_sample() -> None:
    weekly = replace(TOY, monitoring=Monitoring(window_days=7))
    assert max(np.unique(window.days()).size for window in drawn(weekly, 1_000)) == 7
    long = replace(TOY, monitoring=Monitoring(window_days=20))
    assert max(np.unique(window.days()).size for window in drawn(long, 1_000)) == 10


def test_a_window_larger_than_its_days_repeats_their_rows() -> None:
    window = drawn(DAILY, 1_000, count=1)[0]
    assert (len(window), np.unique(window.days()).size) == (1_000, 1)
    assert largest_window(DAILY, SAMPLE) == PER_DAY
    assert largest_window(NEIGHBOURS, SAMPLE) == len(SAMPLE) / 3


def test_windows_of_a_number_of_rows_are_neighbours_unless_rows_have_no_time() -> None:
    neighbours, anywhere = drawn(NEIGHBOURS, 100), drawn(TIMELESS, 100)
    assert {float(np.ptp(window["minutes"])) for window in neighbours} == {99.0}
    assert min(float(np.ptp(window["minutes"])) for window in anywhere) > len(SAMPLE) / 2
    assert all(np.unique(window["minutes"]).size == 100 for window in anywhere)


@given(st.lists(st.integers(0, 500), min_size=10, max_size=10), st.integers(1, 3_000))
def test_levels_share_a_group_only_where_a_window_hardly_holds_them(counts: Sequence[int], rows: int) -> None:
    reference = np.repeat(np.arange(10.0), counts)
    groups = level_groups(np.zeros(rows), reference, LEVELS)
    expected = np.asarray(counts) * rows / max(sum(counts), 1)
    sizes, shares = np.bincount(groups), np.bincount(groups, weights=expected)
    shared = sizes[groups] > 1
    assert (expected[shared] < FEWEST_EXPECTED).all()
    assert (shares[sizes > 1] < 2 * FEWEST_EXPECTED).all()


def test_a_distance_over_many_levels_is_less_of_chance() -> None:
    generator = np.random.default_rng(1)
    levels = tuple(str(number) for number in range(200))
    reference, window = (generator.integers(0, 200, size).astype(float) for size in (20_000, 100))
    one_zone = np.where(generator.random(100) < 0.4, 7.0, window)
    counted = [np.bincount(v.astype(int), minlength=200).astype(np.float64) for v in (window, reference)]
    plain = jensen_shannon(counted[0], counted[1])
    assert column_distance(window, reference, levels) < plain / 2
    assert column_distance(one_zone, reference, levels) > 1.5 * column_distance(window, reference, levels)

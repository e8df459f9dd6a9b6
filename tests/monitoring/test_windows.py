"""Windows by New York's clocks: changes of time, ends of years, and nonsense."""

import datetime as dt
from itertools import pairwise

import pytest

from bikecast.errors import InputError
from bikecast.monitoring.windows import Window, last_complete_week, parse_every, today, windows_between
from bikecast.names import TIME_ZONE
from use_cases.citibike.monitoring.clock import expected_hours


def _week(text: str) -> Window:
    start = dt.datetime.fromisoformat(text)
    return Window(start, start + dt.timedelta(days=7))


@pytest.mark.parametrize(
    ("monday", "hours"),
    [
        ("2025-01-06", 168),
        ("2025-03-03", 167),  # clocks spring forward on Sunday the 9th
        ("2024-10-28", 168),  # they fall back on Sunday the 3rd; the repeated hour is one row
    ],
)
def test_a_week_has_the_hours_that_the_tables_can_hold(monday: str, hours: int) -> None:
    assert expected_hours(_week(monday)) == hours


@pytest.mark.parametrize(
    ("now", "monday"),
    [
        ("2025-03-10T03:30:00+00:00", "2025-02-24"),  # still Sunday evening in New York
        ("2025-03-10T04:00:00+00:00", "2025-03-03"),  # Monday midnight in New York, in summer time
        ("2021-01-04T12:00:00+00:00", "2020-12-28"),  # ISO week 53
        ("2025-01-06T12:00:00+00:00", "2024-12-30"),  # ISO week 1 that begins in the old year
        ("2024-12-30T12:00:00+00:00", "2024-12-23"),  # ISO week 52
    ],
)
def test_the_last_complete_week_ends_on_the_last_monday(now: str, monday: str) -> None:
    assert last_complete_week(today(dt.datetime.fromisoformat(now), zone=TIME_ZONE)) == _week(monday)


def test_windows_follow_each_other_over_the_end_of_the_year_and_leave_out_a_rest() -> None:
    found = list(windows_between(dt.datetime(2024, 12, 23), dt.datetime(2025, 1, 15), days=7))
    assert [f"{window.start:%m-%d}" for window in found] == ["12-23", "12-30", "01-06"]
    assert all(before.end == after.start for before, after in pairwise(found))


@pytest.mark.parametrize("text", ["", "0w", "-1d", "1m", "w", "1.5d", "1000w"])
def test_a_length_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="every"):
        parse_every(text)


@pytest.mark.parametrize(("text", "days"), [("1w", 7), ("2w", 14), ("10d", 10)])
def test_lengths_are_days_or_weeks(text: str, days: int) -> None:
    assert parse_every(text) == days


def test_a_window_holds_whole_days_in_order() -> None:
    with pytest.raises(InputError, match="window_start < window_end"):
        Window(dt.datetime(2025, 1, 2), dt.datetime(2025, 1, 1))
    with pytest.raises(InputError, match="whole days"):
        Window(dt.datetime(2025, 1, 1, 3), dt.datetime(2025, 1, 8, 3))

"""What people type: months, durations, windows, requests."""

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bikecast.errors import InputError
from console.cloud.log_commands import parse_duration
from console.executions.executions import readable_cause
from console.monitoring.drift import windows
from use_cases.citibike.console.files.command import parse_months
from use_cases.citibike.console.files.simulations import parse_traps
from use_cases.citibike.console.predictions import forecast_warning, next_hour, trip_body
from use_cases.citibike.simulator import Trap


def test_months_are_one_or_a_range() -> None:
    assert parse_months("2024-03") == ["2024-03"]
    assert parse_months("2024-11..2025-02") == ["2024-11", "2024-12", "2025-01", "2025-02"]
    assert parse_months(None) is None


@pytest.mark.parametrize("text", ["2024-13", "2024", "2024-03..2024-01", "march", "2024-01...2024-02"])
def test_other_months_are_refused_by_name(text: str) -> None:
    with pytest.raises(InputError, match="months are written"):
        parse_months(text)


def test_durations_have_a_unit() -> None:
    assert parse_duration("90s") == dt.timedelta(seconds=90)
    assert parse_duration("2h") == dt.timedelta(hours=2)
    with pytest.raises(InputError, match="10m"):
        parse_duration("10")


@given(st.integers(min_value=0, max_value=400), st.integers(min_value=1, max_value=60))
def test_windows_are_whole_adjoining_and_inside(length_days: int, every_days: int) -> None:
    first = dt.date(2024, 12, 20)
    last = first + dt.timedelta(days=length_days)
    if length_days + 1 < every_days:
        with pytest.raises(InputError, match="no window"):
            windows(first, last, days=every_days)
        return
    cut = windows(first, last, days=every_days)
    assert cut[0].start.date() == first
    assert all(before.end == after.start for before, after in itertools.pairwise(cut))
    assert (
        cut[-1].end.date() <= last + dt.timedelta(days=1) < cut[-1].end.date() + dt.timedelta(days=every_days)
    )


def test_a_prediction_asks_with_its_hour_and_weather() -> None:
    body = trip_body(dt.datetime(2025, 4, 3, 8), {"TMAX": 61.0})
    assert body == {"input_data": [{"date": "2025-04-03 08:00:00", "TMAX": 61.0}]}


def test_the_cause_of_a_failed_function_is_its_message() -> None:
    cause = '{"errorMessage": "n_trials: must be an integer", "errorType": "InputError"}'
    assert readable_cause("InputError", cause) == "InputError: n_trials: must be an integer"
    assert readable_cause("States.Timeout", None) == "States.Timeout"
    assert readable_cause(None, "") == "no cause was given"


def test_the_next_hour_is_new_yorks() -> None:
    assert next_hour(dt.datetime(2025, 7, 1, 3, 30, tzinfo=dt.UTC)) == dt.datetime(2025, 7, 1, 0)
    assert next_hour(dt.datetime(2025, 1, 1, 13, 0, tzinfo=dt.UTC)) == dt.datetime(2025, 1, 1, 9)


def test_traps_are_named_all_or_none() -> None:
    assert parse_traps("all") == list(Trap)
    assert parse_traps("none") == []
    assert parse_traps("bad_times, long_rides") == [Trap.BAD_TIMES, Trap.LONG_RIDES]
    with pytest.raises(InputError, match="names of macos_junk"):
        parse_traps("bad_times,typo")


@pytest.mark.parametrize(
    ("known", "warned"), [("2025-03-31", None), ("2025-02-28", None), ("2023-08-08", "602 days beyond")]
)
def test_a_forecast_far_beyond_the_data_is_warned_of(known: str, warned: str | None) -> None:
    answer = {"demand_known_until": known, "predictions": [{"date": "2025-04-01 08:00:00"}]}
    said = forecast_warning(answer)
    assert said is None if warned is None else warned in str(said)

"""The predecessor's cyclical features point back at the hour they were made from."""

import datetime as dt
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from use_cases.citibike.api.clock_features import Clock, nearest_hour, step_of
from use_cases.citibike.api.contract import ClockFeatures
from use_cases.citibike.api.prediction_inputs import of_clock_features
from use_cases.citibike.calendar import is_holiday

TODAY = dt.date(2025, 6, 30)


def _pair(name: str, step: float, steps: int) -> dict[str, float]:
    turn = math.tau * step / steps
    return {f"{name}_sin": round(math.sin(turn), 3), f"{name}_cos": round(math.cos(turn), 3)}


def _encoded(hour: dt.datetime) -> ClockFeatures:
    """As the predecessor's callers encode; three decimals, as in its examples."""
    return ClockFeatures(
        holiday=float(is_holiday(hour.date())),
        TMAX=41.0,
        TMIN=33.0,
        SNOW=0.0,
        **_pair("hr", hour.hour, 24),
        **_pair("weekday", hour.weekday(), 7),
        **_pair("week", hour.isocalendar().week - 1, 52),
        **_pair("mnth", hour.month - 1, 12),
    )


@settings(deadline=None)  # the first holiday loads a library
@given(st.datetimes(dt.datetime(2024, 7, 1), dt.datetime(2025, 6, 30, 23)))
def test_an_hour_of_the_last_year_is_found_again(moment: dt.datetime) -> None:
    hour = moment.replace(minute=0, second=0, microsecond=0)
    [found] = of_clock_features([_encoded(hour)], today=TODAY).hours.tolist()
    assert found == hour


@given(*[st.floats(-1, 1)] * 2, st.sampled_from([7, 12, 24, 52]))
def test_any_direction_is_some_step(sine: float, cosine: float, steps: int) -> None:
    assert 0 <= step_of(sine, cosine, steps=steps) < steps


@pytest.mark.parametrize("week", [1, 30, 52])
def test_a_week_that_contradicts_the_month_gives_way(week: int) -> None:
    found = nearest_hour(Clock(hour=8, weekday=2, week=week, month=7), not_after=TODAY)
    assert (found.month, found.weekday(), found.hour) == (7, 2, 8)
    assert TODAY - dt.timedelta(days=365) < found.date() <= TODAY


@pytest.mark.parametrize(
    ("today", "holiday", "expected"),
    [
        (dt.date(2026, 11, 25), 1, dt.datetime(2025, 1, 1, 14)),
        (dt.date(2025, 1, 1), 1, dt.datetime(2025, 1, 1, 14)),
        (dt.date(2024, 12, 31), 1, dt.datetime(2020, 1, 1, 14)),
        (dt.date(2026, 11, 25), 0, dt.datetime(2024, 1, 3, 14)),
    ],
)
def test_the_holiday_is_part_of_what_an_hour_is_found_by(
    today: dt.date, holiday: int, expected: dt.datetime
) -> None:
    body = _encoded(dt.datetime(2025, 1, 1, 14)).model_copy(update={"holiday": float(holiday)})
    assert of_clock_features([body], today=today).hours.tolist() == [expected]


def test_a_holiday_that_no_day_fits_gives_way_to_the_nearest_one() -> None:
    found = nearest_hour(Clock(hour=8, weekday=2, week=12, month=3, is_holiday=True), not_after=TODAY)
    assert (is_holiday(found.date()), found.weekday()) == (True, 2)

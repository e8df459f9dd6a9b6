import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from use_cases.citibike import calendar

NEW_YORK = ZoneInfo("America/New_York")


def _hours(*stamps: str) -> np.ndarray:
    return np.asarray(stamps, "datetime64[s]")


@given(st.datetimes(dt.datetime(2008, 1, 1), dt.datetime(2040, 1, 1)))
def test_daylight_time_follows_the_law(when: dt.datetime) -> None:
    when = when.replace(minute=0, second=0, microsecond=0)
    offset = when.replace(tzinfo=NEW_YORK).utcoffset()
    assert offset is not None
    exists = (
        when.replace(tzinfo=NEW_YORK).astimezone(dt.UTC).astimezone(NEW_YORK).replace(tzinfo=None) == when
    )
    repeated = when.replace(tzinfo=NEW_YORK, fold=1).utcoffset() != offset
    if exists and not repeated:
        assert calendar.utc_offset_hours(_hours(when.isoformat()))[0] == offset.total_seconds() / 3600


@given(st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2040, 1, 1)))
def test_clock_and_calendar_agree_with_the_standard_library(when: dt.datetime) -> None:
    hours = _hours(when.isoformat(timespec="seconds"))
    assert calendar.day_of_week(hours)[0] == when.weekday()
    assert calendar.day_of_year(hours)[0] == when.timetuple().tm_yday
    assert calendar.hour_of_day(hours)[0] == when.hour


def test_sun_stands_where_the_almanac_says() -> None:
    noon_of_solstice, midnight, before_sunset = calendar.solar_elevation_deg(
        _hours("2024-06-20T12:30", "2024-06-20T00:30", "2024-03-20T18:30")
    )
    assert 71 < noon_of_solstice < 72.7  # at most 90 - 40.75 + 23.4, at 12:57
    assert midnight < -24
    assert 5 < before_sunset < 9  # 40 minutes before it sets at 19:09


def test_great_holidays_rank_above_the_others_and_their_observed_days() -> None:
    days = _hours("2024-12-25", "2024-10-14", "2024-07-05", "2021-07-04", "2021-07-05")
    assert calendar.holiday_rank(days).tolist() == [2, 1, 0, 2, 1]


def test_distance_to_a_holiday_is_capped_and_zero_on_the_day() -> None:
    days = _hours("2024-12-20", "2024-12-23", "2024-12-25", "2024-12-27")
    assert calendar.days_to_holiday(days, direction=1).tolist() == [4, 2, 0, 4]
    assert calendar.days_to_holiday(days, direction=-1).tolist() == [4, 4, 0, 2]


def test_christmas_week_spans_the_year_end() -> None:
    days = _hours("2024-12-22", "2024-12-23", "2024-12-31", "2025-01-01", "2025-01-02")
    assert calendar.is_christmas_week(days).tolist() == [0, 1, 1, 1, 0]


def test_new_years_night_is_the_first_five_hours_of_a_year() -> None:
    hours = np.arange("2024-12-31T22", "2025-01-01T07", dtype="datetime64[h]")
    assert calendar.is_new_years_night(hours).tolist() == [0, 0, 1, 1, 1, 1, 1, 0, 0]

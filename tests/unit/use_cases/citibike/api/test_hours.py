"""Hours on New York's wall: real dates only, zones converted, the spring gap refused."""

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from use_cases.citibike.api.hours import HOUR_PATTERN, NEW_YORK, exists, next_hours, parse_hour


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2025-01-02 08:00:00", "2025-01-02 08:00:00"),
        ("2025-01-02T08:59:59.999", "2025-01-02 08:00:00"),
        ("2025-01-02", "2025-01-02 00:00:00"),
        ("2025-01-02T13:00:00Z", "2025-01-02 08:00:00"),
        ("2025-07-02T12:00:00Z", "2025-07-02 08:00:00"),
        ("2025-01-02T14:00:00+01:00", "2025-01-02 08:00:00"),
        ("2024-11-03 01:30", "2024-11-03 01:00:00"),  # twice on the clock, one hour in the tables
        ("2024-02-29 00:00:00", "2024-02-29 00:00:00"),
    ],
)
def test_text_becomes_an_hour_of_new_york(text: str, hour: str) -> None:
    assert str(parse_hour(text)) == hour


@pytest.mark.parametrize(
    "text",
    [
        "2025-02-29 08:00:00",
        "2025-04-31",
        "2025-13-01",
        "2025-01-02 24:00:00",
        "1999-01-01",
        "2100-01-01",
        "today",
        "",
        "1735804800",
        "2025-01-02 08:00:00\n",
        "٢٠٢٥-01-02",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="2025-01-02 08:00:00"):
        parse_hour(text)


def test_the_hour_that_spring_skips_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="2025-03-09 02:00 does not exist"):
        parse_hour("2025-03-09 02:15:00")


def test_an_instant_always_has_an_hour() -> None:
    assert str(parse_hour("2025-03-09T07:00:00Z")) == "2025-03-09 03:00:00"


@given(st.datetimes(dt.datetime(2013, 1, 1), dt.datetime(2099, 12, 31, 23)))
def test_every_existing_hour_is_read_back(moment: dt.datetime) -> None:
    hour = moment.replace(minute=0, second=0, microsecond=0)
    if exists(hour):
        assert parse_hour(str(hour)) == hour


@given(st.from_regex(re.compile(HOUR_PATTERN, re.ASCII), fullmatch=True))
def test_whatever_the_published_pattern_allows_is_a_real_date(text: str) -> None:
    dt.datetime.fromisoformat(text)


@given(
    st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC)),
    st.integers(24, 168),
)
def test_the_next_hours_exist_once_and_in_order(now: dt.datetime, count: int) -> None:
    hours = next_hours(now, count)
    assert len(hours) == count
    assert hours == sorted(set(hours))
    assert all(exists(hour) for hour in hours)
    assert hours[0].replace(tzinfo=NEW_YORK).astimezone(dt.UTC) > now - dt.timedelta(hours=1)


def test_the_repeated_autumn_hour_comes_once() -> None:
    hours = [str(hour)[11:13] for hour in next_hours(dt.datetime(2024, 11, 3, 3, 30, tzinfo=dt.UTC), 5)]
    assert hours == ["00", "01", "02", "03", "04"]

"""The twelve engineered features of the predecessor project's service, read back into an hour.

Its callers send sine and cosine of hour, weekday, ISO week and month. Our models use other
features, so the hour those numbers point at is found first and featured anew.
"""

import datetime as dt
import math
from functools import lru_cache
from typing import NamedTuple

from use_cases.citibike.calendar import is_holiday

FIRST_DAY = dt.date(2013, 6, 1)  # the first days with trips
DAYS_PER_WEEK = 7
WEEKS_PER_TURN = 52


class Clock(NamedTuple):
    """What the predecessor's features say of an hour; there is no year among them.

    ``is_holiday`` is None where nothing is said of it.
    """

    hour: int
    weekday: int
    week: int
    month: int
    is_holiday: bool | None = None


def step_of(sine: float, cosine: float, *, steps: int) -> int:
    """Return which of ``steps`` equal steps of a turn a direction is nearest to, from 0.

    Only the direction counts: rounded numbers, or ones a little off the unit circle, are fine.
    """
    turn = math.atan2(sine, cosine) / math.tau
    return round(turn * steps) % steps


def nearest_hour(clock: Clock, *, not_after: dt.date) -> dt.datetime:
    """Find the latest hour that fits all features, the holiday too; within the last year if there is none.

    There the weekday and hour always hold; the holiday holds before the month, and the month before the ISO
    week, whose encoding wraps the 53rd week to the first.
    """
    day = _nearest_day(clock._replace(hour=0), not_after)
    return dt.datetime.combine(day, dt.time(clock.hour))


@lru_cache(maxsize=4096)
def _nearest_day(clock: Clock, not_after: dt.date) -> dt.date:
    latest = not_after - dt.timedelta(days=(not_after.weekday() - clock.weekday) % DAYS_PER_WEEK)
    weeks = (latest - FIRST_DAY).days // DAYS_PER_WEEK
    days = (latest - dt.timedelta(weeks=back) for back in range(weeks + 1))
    fitting = (day for day in days if day.month == clock.month and not _weeks_apart(day, clock.week))
    found = next((day for day in fitting if not _is_unlike(day, clock)), None)
    last_year = (latest - dt.timedelta(weeks=back) for back in range(WEEKS_PER_TURN))
    return found or min(
        last_year,
        key=lambda day: (_is_unlike(day, clock), day.month != clock.month, _weeks_apart(day, clock.week)),
    )


def _is_unlike(day: dt.date, clock: Clock) -> bool:
    return clock.is_holiday is not None and clock.is_holiday != is_holiday(day)


def _weeks_apart(day: dt.date, week: int) -> int:
    apart = abs((day.isocalendar().week - week) % WEEKS_PER_TURN)
    return min(apart, WEEKS_PER_TURN - apart)

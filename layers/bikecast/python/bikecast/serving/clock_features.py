"""The twelve engineered features of the predecessor project's service, read back into an hour.

Its callers send sine and cosine of hour, weekday, ISO week and month. Our models use other
features, so the hour those numbers point at is found first and featured anew.
"""

import datetime as dt
import math
from functools import lru_cache
from typing import NamedTuple

DAYS_PER_YEAR = 365
WEEKS_PER_TURN = 52


class Clock(NamedTuple):
    """What the predecessor's cyclical features say of an hour; there is no year among them."""

    hour: int
    weekday: int
    week: int
    month: int


def step_of(sine: float, cosine: float, *, steps: int) -> int:
    """Return which of ``steps`` equal steps of a turn a direction is nearest to, from 0.

    Only the direction counts: rounded numbers, or ones a little off the unit circle, are fine.
    """
    turn = math.atan2(sine, cosine) / math.tau
    return round(turn * steps) % steps


def nearest_hour(clock: Clock, *, not_after: dt.date) -> dt.datetime:
    """Find the latest hour that the features fit best, within the year that ends with ``not_after``.

    The weekday and hour always hold; the month holds before the ISO week, whose encoding
    wraps the 53rd week to the first.
    """
    day = _nearest_day(clock.weekday, clock.week, clock.month, not_after)
    return dt.datetime.combine(day, dt.time(clock.hour))


@lru_cache(maxsize=4096)
def _nearest_day(weekday: int, week: int, month: int, not_after: dt.date) -> dt.date:
    days = (not_after - dt.timedelta(days=back) for back in range(DAYS_PER_YEAR))
    fitting = (day for day in days if day.weekday() == weekday)
    return min(fitting, key=lambda day: (day.month != month, _weeks_apart(day, week)))


def _weeks_apart(day: dt.date, week: int) -> int:
    apart = abs((day.isocalendar().week - week) % WEEKS_PER_TURN)
    return min(apart, WEEKS_PER_TURN - apart)

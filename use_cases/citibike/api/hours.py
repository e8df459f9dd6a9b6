"""Hours on the wall of New York: parsed from text, counted forward, checked to exist."""

import datetime as dt
import re
from functools import lru_cache
from zoneinfo import ZoneInfo

from bikecast.names import TIME_ZONE
from bikecast.use_case.wall_times import CLOCK, day_pattern

NEW_YORK = ZoneInfo(TIME_ZONE)
HOUR = dt.timedelta(hours=1)
CACHED_HOURS = 8192

_DAY = day_pattern(
    years=r"20(?:1[3-9]|[2-9]\d)", leap_years="|".join(str(year) for year in range(2016, 2100, 4))
)
_OFFSET = r"(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d)"
# Real calendar dates only, 2013 (the first trips) to 2099; the API's document shows the same pattern.
HOUR_PATTERN = rf"^(?:{_DAY})(?:[T ]{CLOCK}{_OFFSET}?)?$"
_HOUR_TEXT = re.compile(HOUR_PATTERN, re.ASCII)


@lru_cache(maxsize=CACHED_HOURS)
def parse_hour(text: str) -> dt.datetime:
    """Read a date and time as the hour it falls in, on the wall of New York.

    Args:
        text: ISO 8601, ``T`` or a space between date and time. Without an offset it is New York
            wall time; with one it is converted. A bare date is midnight; minutes are cut off.
    Returns:
        Naive start of the hour.
    Raises:
        ValueError: Not a real date from 2013 to 2099, or the hour that spring skips.
    """
    if _HOUR_TEXT.fullmatch(text) is None:
        raise ValueError("expected a real date and time from 2013 to 2099, such as 2025-01-02 08:00:00")
    moment = dt.datetime.fromisoformat(text)
    hour = wall_hour(moment) if moment.tzinfo else _floor(moment)
    if not exists(hour):
        raise ValueError(f"{hour:%Y-%m-%d %H:00} does not exist in New York: clocks skip it in spring")
    return hour


def wall_hour(moment: dt.datetime) -> dt.datetime:
    """Return the naive New York hour in which an aware instant falls."""
    return _floor(moment.astimezone(NEW_YORK).replace(tzinfo=None))


def exists(hour: dt.datetime) -> bool:
    """Tell whether a naive hour is ever shown by a clock in New York."""
    instant = hour.replace(tzinfo=NEW_YORK).astimezone(dt.UTC)
    return instant.astimezone(NEW_YORK).replace(tzinfo=None) == hour


def next_hours(now: dt.datetime, count: int) -> list[dt.datetime]:
    """Return the next ``count`` wall hours after the aware ``now``; the repeated autumn hour comes once."""
    hours: dict[dt.datetime, None] = {}
    instant = now.astimezone(dt.UTC)
    while len(hours) < count:
        instant += HOUR
        hours[wall_hour(instant)] = None
    return list(hours)


def _floor(moment: dt.datetime) -> dt.datetime:
    return moment.replace(minute=0, second=0, microsecond=0)

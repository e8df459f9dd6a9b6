"""Which hours a window holds: whole days of New York wall time, weeks from Monday to Monday."""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np

from bikecast.errors import InputError
from bikecast.names import TIME_ZONE

WEEK = dt.timedelta(days=7)
# Windows that end later before the newest hour may open incidents.
NEWS = 2 * WEEK


@dataclass(frozen=True)
class Window:
    """Hours from ``start`` up to and without ``end``, both naive New York midnights."""

    start: dt.datetime
    end: dt.datetime

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise InputError(f"`window_start < window_end` must hold, but got ({self.start=}, {self.end=})")
        if any(edge.time() != dt.time() or edge.tzinfo is not None for edge in (self.start, self.end)):
            raise InputError(f"windows hold whole days of wall time, but got ({self.start=}, {self.end=})")

    @property
    def days(self) -> int:
        """Length; a day may have 23 or 25 hours."""
        return (self.end.date() - self.start.date()).days

    @property
    def edges(self) -> tuple[np.datetime64, np.datetime64]:
        """Start and end as numpy compares them with hours."""
        return np.datetime64(self.start, "s"), np.datetime64(self.end, "s")

    def before(self, days: int) -> Self:
        """Return the window of that many days which ends where this one starts."""
        return type(self)(self.start - dt.timedelta(days=days), self.start)

    def expected_hours(self) -> int:
        """Return how many hours the clocks show: 167 in the week that springs forward, 168 else.

        The hour that autumn repeats is one row of the tables.
        """
        zone = ZoneInfo(TIME_ZONE)
        edges = (self.start.replace(tzinfo=zone), self.end.replace(tzinfo=zone))
        start, end = (edge.astimezone(dt.UTC) for edge in edges)
        return min(round((end - start).total_seconds() / 3600), self.days * 24)


def today(now: dt.datetime) -> dt.date:
    """Return the date that New York's calendars show at an aware instant."""
    return now.astimezone(ZoneInfo(TIME_ZONE)).date()


def last_complete_week(end: dt.date) -> Window:
    """Return the last week from Monday to Monday that is over when the day ``end`` begins."""
    monday = dt.datetime.combine(end - dt.timedelta(days=end.weekday()), dt.time())
    return Window(monday - WEEK, monday)


def windows_between(start: dt.datetime, end: dt.datetime, *, days: int) -> Iterator[Window]:
    """Yield the whole windows of ``days`` days from ``start`` on that end by ``end``; a rest is left out."""
    while start + dt.timedelta(days=days) <= end:
        yield Window(start, start + dt.timedelta(days=days))
        start += dt.timedelta(days=days)


def parse_every(text: str) -> int:
    """Return the days of a length such as ``1w``, ``14d``.

    Raises:
        InputError: It is no positive number of days or weeks.
    """
    found = re.fullmatch(r"([1-9]\d{0,2})([dw])", text)
    if not found:
        raise InputError(f"every: expected a number of days or weeks such as 1w or 14d, but got {text!r}")
    return int(found[1]) * (7 if found[2] == "w" else 1)

"""Which rows a window holds: whole days of wall time, weeks from Monday to Monday, or the newest rows."""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np

from bikecast.errors import InputError


class Source(StrEnum):
    """What a window is made of."""

    PREDICTIONS = "predictions"
    PROCESSED = "processed"


WEEK = dt.timedelta(days=7)
# Windows that end later before the newest row may open incidents.
RECENT = 2 * WEEK


@dataclass(frozen=True)
class Window:
    """Rows from ``start`` up to and without ``end``, both naive midnights of wall time."""

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

    @property
    def label(self) -> str:
        """The window in a key, such as ``2025-01-06_2025-01-13``."""
        return f"{self.start:%Y-%m-%d}_{self.end:%Y-%m-%d}"

    @property
    def title(self) -> str:
        """The window as people read it."""
        return f"{self.start:%Y-%m-%d} to {self.end - dt.timedelta(days=1):%Y-%m-%d}"


@dataclass(frozen=True)
class RowWindow(Window):
    """The rows from ``start`` up to and without ``end``: as many as were asked for, or all there are.

    Rows of one request have one time; of those at ``start`` they are those from the id ``first`` on, and
    of those at ``end`` those before the id ``until``.
    """

    n_rows: int = 0
    first: str = ""
    until: str = ""

    def __post_init__(self) -> None:
        if not (self.start, self.first) < (self.end, self.until):
            raise InputError(f"`window_start < window_end` must hold, but got ({self.start=}, {self.end=})")

    @property
    def edges(self) -> tuple[np.datetime64, np.datetime64]:
        """Start and end as numpy compares them with requests."""
        return np.datetime64(self.start, "us"), np.datetime64(self.end, "us")

    @property
    def label(self) -> str:
        """The window in a key: its edges to the second, and its rows."""
        return f"{self.start:%Y-%m-%dT%H%M%S}_{self.end:%Y-%m-%dT%H%M%S}_{self.n_rows}rows"

    @property
    def title(self) -> str:
        """The window as people read it."""
        return f"{self.n_rows} rows from {self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}"


def today(now: dt.datetime, *, zone: str) -> dt.date:
    """Return the date that a zone's calendars show at an aware instant."""
    return now.astimezone(ZoneInfo(zone)).date()


def last_complete_week(end: dt.date) -> Window:
    """Return the last week from Monday to Monday that is over when the day ``end`` begins."""
    monday = dt.datetime.combine(end - dt.timedelta(days=end.weekday()), dt.time())
    return Window(monday - WEEK, monday)


def last_complete_days(end: dt.date, *, days: int) -> Window:
    """Return the last days that are over when the day ``end`` begins; seven are a week from Monday on."""
    if days == WEEK.days:
        return last_complete_week(end)
    midnight = dt.datetime.combine(end, dt.time())
    return Window(midnight - dt.timedelta(days=days), midnight)


def windows_between(start: dt.datetime, end: dt.datetime, *, days: int) -> Iterator[Window]:
    """Yield the whole windows of ``days`` days from ``start`` on that end by ``end``; a rest is left out."""
    while start + dt.timedelta(days=days) <= end:
        yield Window(start, start + dt.timedelta(days=days))
        start += dt.timedelta(days=days)


def parse_every(text: str) -> int:
    """Return the days of a length such as ``1w``, ``14d``.

    Raises:
        InputError: It is not a positive number of days or weeks.
    """
    found = re.fullmatch(r"([1-9]\d{0,2})([dw])", text)
    if not found:
        raise InputError(f"every: expected a number of days or weeks such as 1w or 14d, but got {text!r}")
    return int(found[1]) * (7 if found[2] == "w" else 1)

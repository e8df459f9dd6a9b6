"""Dates as programs write them; whether the day or the month comes first is told by all dates of a file."""

import re
from dataclasses import dataclass

import pandas as pd

LOCAL_DATE = r"^(\d{1,2})([/.-])(\d{1,2})[/.-](\d{4}|\d{2})"
_COMPACT = re.compile(r"^(\d{8})(\.0)?$")
_OFFSET = re.compile(r"(?<=\d) ?(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)$")
_MONTHS = 12
_CENTURY = 2000


class MixedDatesError(ValueError):
    """A file writes some dates day first and others month first."""


@dataclass(frozen=True)
class Dates:
    """How a file writes dates that do not begin with the year."""

    separator: str = "/"
    day_first: bool = False


def order_of(separator: str, *, most: tuple[int, int], months: tuple[int, int]) -> Dates:
    """Tell whether the first or the second number of a file's dates is the day.

    A number above twelve is a day. Where there is none, the reading is taken by which the file has fewer
    months, as files hold a stretch of days, and of equal ones the one that the separator goes with.

    Args:
        separator: Between the numbers.
        most: The largest first and the largest second number.
        months: How many months the file has if the first, or if the second number is the month.
    Raises:
        MixedDatesError: Both orders occur.
    """
    if min(most) > _MONTHS:
        raise MixedDatesError("some dates have the day first and others the month")
    if max(most) > _MONTHS:
        return Dates(separator, day_first=most[0] > _MONTHS)
    if months[0] != months[1]:
        return Dates(separator, day_first=months[0] > months[1])
    return Dates(separator, day_first=separator != "/")


def parse_times(texts: "pd.Series[str]") -> "pd.Series[pd.Timestamp]":
    """Read dates or times without an offset, in any of the spellings, NaT where one cannot be read.

    Raises:
        MixedDatesError: Some have the day first and others the month.
    """
    text = texts.astype(str).str.strip()
    compact = text.str.extract(_COMPACT)[0]
    iso = pd.to_datetime(compact.fillna(text), format="ISO8601", errors="coerce")
    local = text.str.extract(rf"{LOCAL_DATE}(?:[ T]+(.*))?$")
    is_local = local[0].notna()
    if not is_local.any():
        return iso
    return iso.where(~is_local, _parse_local(local[is_local]).reindex(texts.index))


def has_offset(texts: "pd.Series[str]") -> "pd.Series[bool]":
    """Tell which times say how far they are from UTC."""
    return texts.astype(str).str.strip().str.contains(_OFFSET)


def parse_days(texts: "pd.Series[str]", *, zone: str) -> "pd.Series[pd.Timestamp]":
    """Read days, NaT where one cannot be read; an instant must be midnight as it is written, or in ``zone``.

    Raises:
        MixedDatesError: Some have the day first and others the month.
    """
    text = texts.astype(str).str.strip()
    aware = has_offset(text) & text.str.contains(":")
    if not aware.any():
        return parse_times(texts).dt.normalize()
    written = parse_times(text.str.replace(_OFFSET, "", regex=True).where(aware, text))
    instants = pd.to_datetime(
        text.where(aware).str.replace("GMT", "UTC"), utc=True, format="mixed", errors="coerce"
    )
    local = instants.dt.tz_convert(zone).dt.tz_localize(None)
    is_day = written == written.dt.normalize()
    days = written.where(is_day, local.where(local == local.dt.normalize()))
    return days.where(aware, written.dt.normalize())


def _parse_local(parts: pd.DataFrame) -> "pd.Series[pd.Timestamp]":
    first, second, year = (parts[place].astype(int) for place in (0, 2, 3))
    year = year.where(year >= _CENTURY // 20, year + _CENTURY)
    dates = order_of(
        parts[1].mode()[0],
        most=(int(first.max()), int(second.max())),
        months=(len(set(zip(year, first, strict=True))), len(set(zip(year, second, strict=True)))),
    )
    day, month = (first, second) if dates.day_first else (second, first)
    days = pd.to_datetime(pd.DataFrame({"year": year, "month": month, "day": day}), errors="coerce")
    clock = parts[4].fillna("00:00")
    return days + (
        pd.to_datetime("2000-01-01 " + clock, format="mixed", errors="coerce") - pd.Timestamp(2000, 1, 1)
    )

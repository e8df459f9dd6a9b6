"""Times as files write them, as SQL over text columns: New York's wall clock, by whatever spelling.

Published are ``2015-01-01 00:01:02``, ``2018-01-01 13:50:57.4340`` (ISO 8601), ``9/1/2014 00:00:25`` and
``1/1/2015 0:01``; spreadsheets write the dates of their own country. A time with an explicit offset is
converted.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from bikecast.names import TIME_ZONE

_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H:%M:%S.%f")
_OFFSET = r"^\d{4}-\d\d?-\d\d?[ T]\d\d?:\d\d(:\d\d(\.\d+)?)? ?(Z|UTC|GMT|[+-]\d\d(:?\d\d)?)$"
_ISO = r"^\d{4}[-/]\d\d?[-/]\d\d?[ T]\d\d?:\d\d(:\d\d(\.\d+)?)?$"
_LOCAL_DATE = r"^(\d{1,2})([/.-])(\d{1,2})[/.-](\d{4}|\d{2})[ T]"


@dataclass(frozen=True)
class Dates:
    """How a file writes dates that do not begin with the year."""

    separator: str = "/"
    day_first: bool = False

    @property
    def formats(self) -> list[str]:
        """Formats to try; two digits of a year before four, which would take them for the first century."""
        day, rest = ("%d", "%m") if self.day_first else ("%m", "%d")
        dates = [self.separator.join((day, rest, year)) for year in ("%y", "%Y")]
        return [f"{date} {clock}" for date in dates for clock in _CLOCKS]


PUBLISHED_DATES = Dates()


class MixedDatesError(ValueError):
    """A file writes some dates day first and others month first."""


def time_sql(column: str, dates: Dates) -> str:
    """Return SQL for the timestamp in a text column, NULL where it cannot be read.

    The published spellings, nearly all, are told by their length and end, which costs nothing.
    """
    published = (
        f"strlen({column}) IN (19, 23, 24) AND {column}[5] = '-' AND {column}[-1] BETWEEN '0' AND '9' "
        f"AND {column}[-3] NOT IN ('+', '-') AND {column}[-5] NOT IN ('+', '-')"
    )
    return (
        f"CASE WHEN {published} THEN try_cast({column} AS TIMESTAMP) "
        f"WHEN regexp_matches({column}, '{_OFFSET}') "
        f"THEN try_cast(replace({column}, 'GMT', 'UTC') AS TIMESTAMPTZ) AT TIME ZONE '{TIME_ZONE}' "
        f"WHEN regexp_matches({column}, '{_ISO}') THEN try_cast({column} AS TIMESTAMP) "
        f"ELSE try_strptime({column}, {dates.formats}) END"
    )


def find_dates(engine: duckdb.DuckDBPyConnection, texts: str, *, path: Path) -> Dates | None:
    """Tell by all dates of a file whether days or months come first; None if none begins with one of them.

    A number above twelve is a day. Where there is none, the reading is taken by which the file holds fewer
    months, as files hold one month, and of equal ones the publisher's.

    Args:
        engine: Where ``texts`` can be read.
        texts: SQL that selects the column ``text`` from the file ``$path``.
        path: The file.
    Raises:
        MixedDatesError: Both orders occur.
    """
    found = engine.execute(
        f"""
        WITH parts AS (
            SELECT regexp_extract(text, '{_LOCAL_DATE}', ['first', 'separator', 'second', 'year']) AS part
            FROM ({texts}) WHERE regexp_matches(text, '{_LOCAL_DATE}')
        ), numbers AS (
            SELECT part.separator AS separator, part.year AS year,
                part.first::INTEGER AS first, part.second::INTEGER AS second FROM parts
        )
        SELECT separator, max(first), max(second), count(DISTINCT (year, first)),
            count(DISTINCT (year, second))
        FROM numbers GROUP BY separator ORDER BY count(*) DESC LIMIT 1
    """,  # noqa: S608 - our own patterns
        {"path": str(path)},
    ).fetchone()
    return None if found is None else _order(*found)


def _order(separator: str, most_first: int, most_second: int, n_first: int, n_second: int) -> Dates:
    if most_first > 12 and most_second > 12:
        raise MixedDatesError
    if most_first > 12 or most_second > 12:
        return Dates(separator, day_first=most_first > most_second)
    if n_first != n_second:
        return Dates(separator, day_first=n_first > n_second)
    return Dates(separator, day_first=separator != "/")

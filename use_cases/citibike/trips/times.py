"""Times as files write them, as SQL over text columns: New York's wall clock, by whatever spelling.

Published are ``2015-01-01 00:01:02``, ``2018-01-01 13:50:57.4340`` (ISO 8601), ``9/1/2014 00:00:25`` and
``1/1/2015 0:01``; spreadsheets write the dates of their own country. A time with an explicit offset is
converted.
"""

from pathlib import Path

import duckdb

from bikecast.names import TIME_ZONE
from use_cases.citibike.texts.dates import LOCAL_DATE, Dates, order_of

_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H:%M:%S.%f")
_OFFSET = r"^\d{4}-\d\d?-\d\d?[ T]\d\d?:\d\d(:\d\d(\.\d+)?)? ?(Z|UTC|GMT|[+-]\d\d(:?\d\d)?)$"
_ISO = r"^\d{4}[-/]\d\d?[-/]\d\d?[ T]\d\d?:\d\d(:\d\d(\.\d+)?)?$"
_LOCAL_TIME = f"{LOCAL_DATE}[ T]"


def formats_of(dates: Dates) -> list[str]:
    """Return formats to try; a year of two digits first, as the other would take it for the first century."""
    day, rest = ("%d", "%m") if dates.day_first else ("%m", "%d")
    days = [dates.separator.join((day, rest, year)) for year in ("%y", "%Y")]
    return [f"{date} {clock}" for date in days for clock in _CLOCKS]


def time_sql(column: str, dates: Dates) -> str:
    """Return SQL for the timestamp in a text column, NULL where it cannot be read.

    The published spellings, nearly all, are told by a few cheap comparisons that no offset passes.
    """
    whole = f"(strlen({column}) = 19 AND {column}[17] = ':')"
    fraction = f"(strlen({column}) IN (23, 24) AND {column}[20] = '.' AND {column}[22] <> '-')"
    published = (
        f"{column} >= '2013-' AND {column} < '21' AND ({whole} OR {fraction}) "
        f"AND NOT suffix({column}, 'Z') AND NOT contains({column}, '+')"
    )
    return (
        f"CASE WHEN {published} THEN try_cast({column} AS TIMESTAMP) "
        f"WHEN regexp_matches({column}, '{_OFFSET}') "
        f"THEN try_cast(replace({column}, 'GMT', 'UTC') AS TIMESTAMPTZ) AT TIME ZONE '{TIME_ZONE}' "
        f"WHEN regexp_matches({column}, '{_ISO}') THEN try_cast({column} AS TIMESTAMP) "
        f"ELSE try_strptime({column}, {formats_of(dates)}) END"
    )


def find_dates(engine: duckdb.DuckDBPyConnection, texts: str, *, path: Path) -> Dates | None:
    """Tell by all dates of a file whether days or months come first; None if none begins with one of them.

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
            SELECT regexp_extract(text, '{_LOCAL_TIME}', ['first', 'separator', 'second', 'year']) AS part
            FROM ({texts}) WHERE regexp_matches(text, '{_LOCAL_TIME}')
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
    if found is None:
        return None
    separator, most_first, most_second, n_first, n_second = found
    return order_of(separator, most=(most_first, most_second), months=(n_first, n_second))

"""An independent count of a trip file, by Python's csv module and the rule as it is written down."""

import csv
import datetime as dt
import io
from collections import Counter
from collections.abc import Iterator, Sequence

HOUR_S = 3600
_STARTS, _ENDS = ("startedat", "starttime"), ("endedat", "stoptime")


def tally(text: str, *, formats: Sequence[str] = (), delimiter: str = ",") -> Counter[str]:
    """Count the rides of a CSV file by the hour in which they start.

    Args:
        text: The file, with one header.
        formats: Of its times; ISO 8601 if none.
        delimiter: Between its columns.
    """
    hours: Counter[str] = Counter()
    for start, end in _times(text, formats, delimiter):
        lasted_s = (end - start).total_seconds()
        if lasted_s < 0 and _is_repeated(start) and _is_repeated(end):
            lasted_s += HOUR_S
        if 0 < lasted_s < HOUR_S:
            hours[f"{start:%Y-%m-%d %H}"] += 1
    return hours


def _times(text: str, formats: Sequence[str], delimiter: str) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    rows = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter)
    names = ["".join(filter(str.isalnum, name.lower())) for name in next(rows)]
    start = next(names.index(name) for name in _STARTS if name in names)
    end = next(names.index(name) for name in _ENDS if name in names)
    return ((_time(row[start], formats), _time(row[end], formats)) for row in rows if row)


def _time(text: str, formats: Sequence[str]) -> dt.datetime:
    for written in formats:
        try:
            return dt.datetime.strptime(text, written)  # noqa: DTZ007 - wall time, as the tables have it
        except ValueError:
            continue
    return dt.datetime.fromisoformat(text)


def _is_repeated(time: dt.datetime) -> bool:
    first = dt.date(time.year, 11, 1)
    sunday = first + dt.timedelta(days=(6 - first.weekday()) % 7)
    return time.date() == sunday and time.hour == 1

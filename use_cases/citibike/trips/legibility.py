"""How much of a file could be read: too little fails it by name, and what was assumed is said."""

import re
from collections.abc import Mapping

import duckdb

from bikecast.tabular.archives import UnreadableFileError
from use_cases.citibike.trips.engine import Loaded
from use_cases.citibike.trips.rules import REASONS, Reason
from use_cases.citibike.trips.schemas import Schema

# A file of which this much cannot be read has another format; it does not have a few bad rows.
MUCH, MOST = 0.05, 0.5
_FEW_ROWS = 3
_REMEDY = "give the time columns the format yyyy-mm-dd hh:mm:ss and save again"
_SPREADSHEET_LINES = 1_048_576
# What spreadsheets show of a time with milliseconds, and what they store.
_WITHOUT_DATE = re.compile(r"^\d{1,2}:\d{2}(\.\d+)?\b")
_SERIAL = re.compile(r"^\d{5}([.,]\d+)?\b")


def refuse_unreadable(
    engine: duckdb.DuckDBPyConnection, loaded: Loaded, kept: int, refused: Mapping[Reason, int]
) -> None:
    """Refuse a file of which nothing or too little is read.

    Raises:
        UnreadableFileError: It has no row; half of its rows or more than a few in a hundred cannot be read.
    """
    rows = kept + sum(refused.values())
    unreadable = refused.get(Reason.MALFORMED_ROW, 0) + refused.get(Reason.UNPARSABLE_TIME, 0)
    if rows == 0:
        raise UnreadableFileError("the file has a header and no row")
    if unreadable > max(MUCH * rows, _FEW_ROWS) or unreadable >= max(MOST * rows, 1):
        raise UnreadableFileError(
            f"{unreadable} of {rows} rows cannot be read, so it has another format{_example(engine, loaded)}"
        )


def _example(engine: duckdb.DuckDBPyConnection, loaded: Loaded) -> str:
    for line, text in loaded.lost.malformed.items():
        return f"; line {line}: {text}"
    code = REASONS.index(Reason.UNPARSABLE_TIME)
    found = engine.execute(f"SELECT text FROM judged WHERE reason = {code} LIMIT 1").fetchone()  # noqa: S608 - own names
    text = str(found[0]) if found else ""
    if _WITHOUT_DATE.match(text):
        return (
            f"; times such as {text!r} have lost their date and hour, as a spreadsheet shows milliseconds: "
            f"load the original file, or {_REMEDY}"
        )
    if _SERIAL.match(text):
        return f"; times such as {text!r} are a spreadsheet's day numbers: {_REMEDY}"
    return f"; times such as {text!r} are of no known format: {_REMEDY}"


def notes_on(engine: duckdb.DuckDBPyConnection, loaded: Loaded) -> tuple[str, ...]:
    """Return what was assumed of a file, and what was lost before it came here."""
    notes = [_dates(loaded), _whole_minutes(engine), _damaged_ids(engine, loaded), _cut(loaded)]
    return tuple(note for note in notes if note)


def _dates(loaded: Loaded) -> str | None:
    return "dates are read with the day first" if loaded.layout.dates.day_first else None


def _whole_minutes(engine: duckdb.DuckDBPyConnection) -> str | None:
    code = REASONS.index(Reason.NO_DURATION)
    counts = (
        "SELECT count(*), count(*) FILTER (epoch_us(start) % 60000000 <> 0 OR lasted_us % 60000000 <> 0), "  # noqa: S608 - a number
        f"count(*) FILTER (reason = {code}) FROM judged WHERE reason IS NULL OR reason = {code}"
    )
    rows, finer, instant = engine.execute(counts).fetchone() or (0, 0, 0)
    if not rows or finer:
        return None
    return (
        f"times are whole minutes, the seconds are gone: {instant} rides that start and end in one minute "
        "cannot be told from none and are refused as no_duration"
    )


def _damaged_ids(engine: duckdb.DuckDBPyConnection, loaded: Loaded) -> str | None:
    if loaded.layout.schema is not Schema.RIDE_IDS:
        return None
    (damaged,) = engine.execute("SELECT count(*) FROM judged WHERE id_is_damaged").fetchone() or (0,)
    if not damaged:
        return None
    return f"{damaged} rides have no intact id: they are told apart by their minutes and other columns"


def _cut(loaded: Loaded) -> str | None:
    if loaded.lines != _SPREADSHEET_LINES:
        return None
    return f"the file ends at a spreadsheet's last line ({_SPREADSHEET_LINES:,}): rides after it are lost"

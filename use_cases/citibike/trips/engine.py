"""The engine that reads: DuckDB with bounded memory, every column as text, no row lost without a word."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from bikecast.tabular.archives import UnreadableFileError
from use_cases.citibike.texts.dates import Dates, MixedDatesError
from use_cases.citibike.trips.layouts import CONFLICT_MARKERS, Layout
from use_cases.citibike.trips.lines import count_lines, mend
from use_cases.citibike.trips.rules import REASONS, Reason, lasted_sql, reason_sql
from use_cases.citibike.trips.schemas import SCHEMAS, is_header_line
from use_cases.citibike.trips.times import find_dates, time_sql

MEMORY_LIMIT = "200MB"
_SHOWN_CHARACTERS = 200
_SAMPLE_ROWS = 1_000
# What programs write where there is no value.
_NO_VALUE = ["", "NA", "NaN", "nan", "NULL", "\\N"]


@dataclass(frozen=True)
class LostLines:
    """Lines that gave no row: refused ones with what is wrong, blank ones, and those refused as headers."""

    malformed: dict[int, str] = field(default_factory=dict)
    blank: list[int] = field(default_factory=list)
    headers: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.malformed) + len(self.blank)


@dataclass(frozen=True)
class Loaded:
    """How a file was read: its layout with the dates found, its lines, and those that gave no row."""

    layout: Layout
    lines: int
    lost: LostLines


@contextmanager
def bounded_engine(folder: Path, *, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an engine in memory that spills into ``folder`` beyond its limit."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY_LIMIT,
        "threads": threads,
        "temp_directory": str(folder / "spill"),
    }
    with duckdb.connect(":memory:", config=settings) as engine:
        yield engine


def load_judged(engine: duckdb.DuckDBPyConnection, path: Path, layout: Layout, *, folder: Path) -> Loaded:
    """Fill the table ``judged``: one row a line of the file, with the reason to refuse it, if any.

    The table has ``ride``, ``whole`` (see ``Identity``), ``start``, ``lasted_us``, ``reason`` (place in
    ``REASONS``) and, where refused, ``text``; its ``rowid`` is 0 for the first row that could be read, as the
    engine keeps a file's order. A file whose lines do not add up is mended and read again.

    Raises:
        UnreadableFileError: The file holds merge-conflict markers, writes dates in two orders, or its lines
            still do not add up.
    """
    layout = layout.with_dates(_dates(engine, path, layout))
    with ThreadPoolExecutor(max_workers=1) as beside:
        counting = beside.submit(count_lines, path)
        lost = _load_as_it_is(engine, path, layout)
        counted = counting.result()
    if lost is None or not counted.longest_is_bounded or _missing(engine, layout, lost, counted.lines):
        lost = _load_mended(engine, path, layout, folder=folder, lines=counted.lines)
    return Loaded(layout=layout, lines=counted.lines, lost=lost)


def _dates(engine: duckdb.DuckDBPyConnection, path: Path, layout: Layout) -> Dates:
    """Return how the file writes dates; all of it is read only where its beginning is not ISO 8601."""
    texts = f"SELECT {layout.start} AS text FROM {_table_sql(layout, 'ignore_errors = true')}"  # noqa: S608 - own names
    try:
        if find_dates(engine, f"{texts} LIMIT {_SAMPLE_ROWS}", path=path) is None:
            return layout.dates
        return find_dates(engine, texts, path=path) or layout.dates
    except duckdb.InvalidInputException:
        return layout.dates  # not readable as it is; what mending leaves is judged by the publisher's dates
    except MixedDatesError as err:
        raise UnreadableFileError(
            "some dates have the day first and others the month: save the file with dates as yyyy-mm-dd"
        ) from err


def _load_as_it_is(engine: duckdb.DuckDBPyConnection, path: Path, layout: Layout) -> LostLines | None:
    try:
        return _load(engine, path, layout)
    except duckdb.InvalidInputException:
        return None  # line breaks of two kinds, for one; mending makes them one kind


def _load_mended(
    engine: duckdb.DuckDBPyConnection, path: Path, layout: Layout, *, folder: Path, lines: int
) -> LostLines:
    mended = folder / "mended.csv"
    removed = mend(path, mended, columns=len(layout.columns), delimiter=layout.delimiter)
    found = _load(engine, mended, layout)
    mended.unlink()
    blank = [line for line in (*removed.blank, *found.blank) if line > layout.header_lines]
    lost = LostLines(removed.malformed | found.malformed, blank, found.headers)
    if missing := _missing(engine, layout, lost, lines):
        raise UnreadableFileError(f"{missing} of {lines} lines cannot be told apart: is this a CSV file?")
    return lost


def _load(engine: duckdb.DuckDBPyConnection, path: Path, layout: Layout) -> LostLines:
    _judge(engine, path, layout, all_columns=False)
    if _count(engine, "ride IS NULL AND reason IS NULL"):
        _judge(engine, path, layout, all_columns=True)
    rejected = engine.execute("SELECT line, any_value(csv_line) FROM reject_errors GROUP BY line").fetchall()
    texts = {line: text.strip() for line, text in sorted(rejected)}
    for line, text in texts.items():
        if text.encode().startswith(CONFLICT_MARKERS):
            raise UnreadableFileError(
                f"line {line} is a merge-conflict marker: resolve it and load the file again"
            )
    malformed = {line: text[:_SHOWN_CHARACTERS] for line, text in texts.items() if text}
    blank = [line for line in texts if line not in malformed]
    return LostLines(malformed, blank, [line for line in malformed if is_header_line(texts[line])])


def inner_headers(engine: duckdb.DuckDBPyConnection, loaded: Loaded) -> list[int]:
    """Return the lines below the first that are headers again: where files were joined end to end."""
    rows = engine.execute(
        f"SELECT rowid + 1 AS row FROM judged WHERE reason = {REASONS.index(Reason.UNPARSABLE_TIME)} "  # noqa: S608 - own names
        "AND regexp_replace(lower(text), '[^a-z]', '', 'g') IN $headers ORDER BY rowid",
        {"headers": [f"{names.start}to{names.end}" for names in SCHEMAS]},
    ).fetchnumpy()["row"]
    as_rows = line_numbers(np.asarray(rows, dtype=np.int64), loaded)
    return sorted({*loaded.lost.headers, *as_rows.tolist()})


def line_numbers(rows: NDArray[np.int64], loaded: Loaded) -> NDArray[np.int64]:
    """Return the line of each row in its file, whose first line is 1.

    Args:
        rows: Ordinals from 1 of the rows that could be read.
        loaded: Says which lines gave no row.
    """
    without_row = np.array(sorted([*loaded.lost.malformed, *loaded.lost.blank]), dtype=np.int64)
    header = loaded.layout.header_lines
    rows_before = without_row - header - 1 - np.arange(len(without_row))
    return rows + header + np.searchsorted(rows_before, rows, side="left")


def _missing(engine: duckdb.DuckDBPyConnection, layout: Layout, lost: LostLines, lines: int) -> int:
    return lines - layout.header_lines - _count(engine, "true") - len(lost)


def _judge(engine: duckdb.DuckDBPyConnection, path: Path, layout: Layout, *, all_columns: bool) -> None:
    engine.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
    engine.execute(_judged_sql(layout, all_columns=all_columns), {"path": str(path)})


def _judged_sql(layout: Layout, *, all_columns: bool) -> str:
    identity = layout.identity("number", "start_time", "end_time", all_columns=all_columns)
    texts = ("start_text", "end_text")
    reason = reason_sql(start="start_time", end="end_time", lasted_us="lasted_us", texts=texts)
    return f"""
        CREATE OR REPLACE TEMP TABLE judged AS
        WITH texts AS (
            SELECT *, {layout.start} AS start_text, {layout.end} AS end_text, {layout.number} AS number
            FROM {_table_sql(layout, "store_rejects = true")}
        ), timed AS (
            SELECT *, {time_sql("start_text", layout.dates)} AS start_time,
                {time_sql("end_text", layout.dates)} AS end_time FROM texts
        ), lasting AS (
            SELECT *, {lasted_sql("start_time", "end_time")} AS lasted_us FROM timed
        ), reasoned AS (
            SELECT *, {reason} AS reason FROM lasting
        )
        SELECT {identity.ride} AS ride, {identity.whole} AS whole,
            start_time AS start, lasted_us, reason, {layout.id_is_damaged} AS id_is_damaged,
            CASE WHEN reason IS NOT NULL THEN concat_ws(' to ', start_text, end_text) END AS text
        FROM reasoned
    """  # noqa: S608 - column names are reduced to a-z and 0-9 when the header is read


def _table_sql(layout: Layout, errors: str) -> str:
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in layout.columns)
    return (
        f"read_csv($path, auto_detect = false, header = false, skip = {layout.header_lines}, "
        f"delim = '{layout.delimiter}', quote = '\"', escape = '\"', columns = {{{columns}}}, "
        f"nullstr = {_NO_VALUE}, {errors})"
    )


def _count(engine: duckdb.DuckDBPyConnection, condition: str) -> int:
    (count,) = engine.execute(f"SELECT count(*) FROM judged WHERE {condition}").fetchone() or (0,)  # noqa: S608 - own names
    return int(count)

"""The engine that reads: DuckDB with bounded memory, every column as text, no row lost without a word."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from bikecast.ingest.layouts import CONFLICT_MARKERS, Layout, UnreadableFileError
from bikecast.ingest.lines import count_lines, mend
from bikecast.ingest.rules import reason_sql, time_sql

MEMORY_LIMIT = "200MB"
_HEADER_LINES = 1
_SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class LostLines:
    """Lines that gave no row: refused ones with what is wrong, and blank ones."""

    malformed: dict[int, str] = field(default_factory=dict)
    blank: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.malformed) + len(self.blank)


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


def load_judged(engine: duckdb.DuckDBPyConnection, path: Path, layout: Layout, *, folder: Path) -> LostLines:
    """Fill the table ``judged``: one row a line of the file, with the reason to refuse it, if any.

    The table has ``ride``, ``start``, ``lasted_us``, ``reason`` (place in ``REASONS``) and, where refused,
    ``text``; its ``rowid`` is 0 for the first row that could be read, as the engine keeps a file's order.
    A file whose lines do not add up is mended and read again.

    Raises:
        UnreadableFileError: The file holds merge-conflict markers or lines still do not add up.
    """
    with ThreadPoolExecutor(max_workers=1) as beside:
        counting = beside.submit(count_lines, path)
        lost = _load_as_it_is(engine, path, layout)
        counted = counting.result()
    if lost is not None and counted.longest_is_bounded and not _missing(engine, lost, counted.lines):
        return lost
    mended = folder / "mended.csv"
    removed = mend(path, mended, columns=len(layout.columns))
    found = _load(engine, mended, layout)
    mended.unlink()
    lost = LostLines(malformed=removed.malformed | found.malformed, blank=removed.blank + found.blank)
    if missing := _missing(engine, lost, counted.lines):
        raise UnreadableFileError(
            f"{missing} of {counted.lines} lines cannot be told apart: is this a CSV file?"
        )
    return lost


def _load_as_it_is(engine: duckdb.DuckDBPyConnection, path: Path, layout: Layout) -> LostLines | None:
    try:
        return _load(engine, path, layout)
    except duckdb.InvalidInputException:
        return None  # line breaks of two kinds, for one; mending makes them one kind


def _load(engine: duckdb.DuckDBPyConnection, path: Path, layout: Layout) -> LostLines:
    _judge(engine, path, layout, all_columns=False)
    if _count(engine, "ride IS NULL AND reason IS NULL"):
        _judge(engine, path, layout, all_columns=True)
    rejected = engine.execute("SELECT line, any_value(csv_line) FROM reject_errors GROUP BY line").fetchall()
    texts = {line: text.strip()[:_SHOWN_CHARACTERS] for line, text in sorted(rejected)}
    for line, text in texts.items():
        if text.encode().startswith(CONFLICT_MARKERS):
            raise UnreadableFileError(
                f"line {line} is a merge-conflict marker: resolve it and load the file again"
            )
    malformed = {line: text for line, text in texts.items() if text}
    return LostLines(malformed=malformed, blank=[line for line in texts if line not in malformed])


def _missing(engine: duckdb.DuckDBPyConnection, lost: LostLines, lines: int) -> int:
    return lines - _HEADER_LINES - _count(engine, "true") - len(lost)


def _judge(engine: duckdb.DuckDBPyConnection, path: Path, layout: Layout, *, all_columns: bool) -> None:
    engine.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
    engine.execute(_judged_sql(layout, all_columns=all_columns), {"path": str(path)})


def _judged_sql(layout: Layout, *, all_columns: bool) -> str:
    ride = layout.identity_sql("start_time", "end_time", all_columns=all_columns)
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in layout.columns)
    texts = (layout.start, layout.end)
    reason = reason_sql(start="start_time", end="end_time", lasted_us="lasted_us", texts=texts)
    return f"""
        CREATE OR REPLACE TEMP TABLE judged AS
        WITH timed AS (
            SELECT *, {time_sql(layout.start)} AS start_time, {time_sql(layout.end)} AS end_time
            FROM read_csv($path, auto_detect = false, header = false, skip = {_HEADER_LINES}, delim = ',',
                quote = '"', escape = '"', columns = {{{columns}}}, store_rejects = true)
        ), lasting AS (
            SELECT *, epoch_us(end_time) - epoch_us(start_time) AS lasted_us FROM timed
        ), reasoned AS (
            SELECT *, {reason} AS reason FROM lasting
        )
        SELECT {ride} AS ride,
            start_time AS start, lasted_us, reason,
            CASE WHEN reason IS NOT NULL THEN concat_ws(' to ', {layout.start}, {layout.end}) END AS text
        FROM reasoned
    """  # noqa: S608 - column names are reduced to a-z and 0-9 when the header is read


def _count(engine: duckdb.DuckDBPyConnection, condition: str) -> int:
    (count,) = engine.execute(f"SELECT count(*) FROM judged WHERE {condition}").fetchone() or (0,)  # noqa: S608
    return int(count)

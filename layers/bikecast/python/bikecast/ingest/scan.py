"""One CSV file judged: kept rides by the month they started in, refused rows to the quarantine."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from bikecast.ingest.engine import LostLines, bounded_engine, load_judged
from bikecast.ingest.layouts import Schema, UnreadableFileError, read_layout
from bikecast.ingest.quarantine import QuarantineWriter
from bikecast.ingest.repeated import mark_repeated
from bikecast.ingest.rules import REASONS, Reason

# A file of which most rows cannot be read has another format; it does not have a few bad rows.
_MOST_ROWS = 0.5
_FEWEST_ROWS = 1_000
_BATCH_ROWS = 100_000
_COPY_RIDES = """
    COPY (
        SELECT ride, (epoch_us(start) // 3600000000)::INTEGER AS hour FROM judged
        WHERE reason IS NULL AND start >= $first AND start < $first::TIMESTAMP + INTERVAL 1 MONTH
    ) TO {path} (FORMAT parquet, COMPRESSION zstd)
"""


@dataclass(frozen=True)
class Scan:
    """What one CSV file held; ``rows`` = ``kept`` + the sum of ``refused``.

    ``rides`` has one parquet file a start month (``2024-01``) with columns ``ride`` (identity) and
    ``hour`` (wall-clock hours since 1970).
    """

    schema: Schema
    rows: int
    kept: int
    refused: dict[Reason, int]
    under_60_s: int
    kept_by_month: dict[str, int]
    rides: dict[str, Path]


def scan_csv(path: Path, name: str, folder: Path, *, quarantine: QuarantineWriter, threads: int = 2) -> Scan:
    """Judge every row of one file.

    Args:
        path: The file.
        name: What reports and the quarantine call it.
        folder: An empty folder for the kept rides and for what spills from memory.
        quarantine: Takes the refused rows.
        threads: Of the engine.
    Raises:
        UnreadableFileError: The file as a whole is no trip file.
    """
    layout = read_layout(path)
    with bounded_engine(folder, threads=threads) as engine:
        lost = load_judged(engine, path, layout, folder=folder)
        mark_repeated(engine)
        kept, refused = _counts(engine, lost)
        _refuse_unreadable(kept, refused, lost)
        quarantine.add(name, _refused_rows(engine), lost)
        kept_by_month = _kept_by_month(engine)
        return Scan(
            schema=layout.schema,
            rows=kept + sum(refused.values()),
            kept=kept,
            refused=refused,
            under_60_s=_count(engine, "reason IS NULL AND lasted_us < 60000000"),
            kept_by_month=kept_by_month,
            rides=_write_rides(engine, kept_by_month, folder),
        )


def _counts(engine: duckdb.DuckDBPyConnection, lost: LostLines) -> tuple[int, dict[Reason, int]]:
    counts = dict(engine.execute("SELECT reason, count(*) FROM judged GROUP BY reason").fetchall())
    counts[REASONS.index(Reason.MALFORMED_ROW)] = len(lost.malformed)
    return counts.get(None, 0), {
        reason: counts[code] for code, reason in enumerate(REASONS) if counts.get(code)
    }


def _refuse_unreadable(kept: int, refused: dict[Reason, int], lost: LostLines) -> None:
    rows = kept + sum(refused.values())
    unreadable = refused.get(Reason.MALFORMED_ROW, 0) + refused.get(Reason.UNPARSABLE_TIME, 0)
    if rows == 0:
        raise UnreadableFileError("the file has a header and no row")
    if rows >= _FEWEST_ROWS and unreadable > _MOST_ROWS * rows:
        example = next(iter(lost.malformed.items()), None)
        shown = f"; line {example[0]}: {example[1]}" if example else ""
        raise UnreadableFileError(
            f"{unreadable} of {rows} rows cannot be read, so it has another format{shown}"
        )


def _refused_rows(engine: duckdb.DuckDBPyConnection) -> pa.RecordBatchReader:
    rows = engine.sql(
        "SELECT rowid + 1 AS row, reason, text FROM judged WHERE reason IS NOT NULL ORDER BY rowid"
    )
    return rows.to_arrow_reader(_BATCH_ROWS)


def _kept_by_month(engine: duckdb.DuckDBPyConnection) -> dict[str, int]:
    months = (
        "SELECT date_trunc('month', start) AS first, count(*) FROM judged WHERE reason IS NULL GROUP BY first"
    )
    return {f"{first:%Y-%m}": count for first, count in sorted(engine.execute(months).fetchall())}


def _write_rides(engine: duckdb.DuckDBPyConnection, months: Iterable[str], folder: Path) -> dict[str, Path]:
    rides = {month: folder / f"rides-{month}.parquet" for month in months}
    for month, path in rides.items():
        engine.execute(_COPY_RIDES.format(path=_quoted(path)), {"first": f"{month}-01"})
    return rides


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _count(engine: duckdb.DuckDBPyConnection, condition: str) -> int:
    (count,) = engine.execute(f"SELECT count(*) FROM judged WHERE {condition}").fetchone() or (0,)  # noqa: S608
    return int(count)

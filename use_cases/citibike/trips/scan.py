"""One CSV file judged: kept rides by the month they started in, refused rows to the quarantine."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from use_cases.citibike.texts.plain import plain_file
from use_cases.citibike.trips.engine import Loaded, bounded_engine, inner_headers, load_judged
from use_cases.citibike.trips.layouts import read_layout
from use_cases.citibike.trips.legibility import notes_on, refuse_unreadable
from use_cases.citibike.trips.lines import Part, split_before
from use_cases.citibike.trips.quarantine import QuarantineWriter
from use_cases.citibike.trips.repeated import mark_repeated
from use_cases.citibike.trips.rules import REASONS, Reason
from use_cases.citibike.trips.schemas import Schema

_BATCH_ROWS = 100_000
_COPY_RIDES = """
    COPY (
        SELECT ride, (epoch_us(start) // 3600000000)::INTEGER AS hour FROM judged
        WHERE reason IS NULL AND start >= $first AND start < $first::TIMESTAMP + INTERVAL 1 MONTH
    ) TO {path} (FORMAT parquet, COMPRESSION zstd)
"""


@dataclass(frozen=True)
class Scan:
    """What one CSV file held, or a part below a header; ``rows`` = ``kept`` + the sum of ``refused``.

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
    offset: int = 0
    notes: tuple[str, ...] = ()


def scan_file(
    path: Path, name: str, folder: Path, *, quarantine: QuarantineWriter, threads: int = 2
) -> list[Scan]:
    """Judge every row of one file, each part below a header of its own by itself.

    Args:
        path: The file.
        name: What reports and the quarantine call it.
        folder: An empty folder for the kept rides and for what spills from memory.
        quarantine: Takes the refused rows.
        threads: Of the engine.
    Raises:
        UnreadableFileError: The file as a whole is not a trip file, or much of it cannot be read.
    """
    plain = plain_file(path, folder / "plain.csv")
    return _scan(Part(plain), name, folder, quarantine=quarantine, threads=threads)


def _scan(part: Part, name: str, folder: Path, *, quarantine: QuarantineWriter, threads: int) -> list[Scan]:
    layout = read_layout(part.path)
    with bounded_engine(folder, threads=threads) as engine:
        loaded = load_judged(engine, part.path, layout, folder=folder)
        headers = inner_headers(engine, loaded)
        if not headers:
            return [_judged(engine, loaded, part, name, folder=folder, quarantine=quarantine)]
    parts_folder = folder / "parts"
    parts_folder.mkdir()
    scans: list[Scan] = []
    for number, inner in enumerate(split_before(part.path, headers, parts_folder)):
        inner_folder = parts_folder / str(number)
        inner_folder.mkdir()
        moved = replace(inner, offset=part.offset + inner.offset)
        scans += _scan(moved, name, inner_folder, quarantine=quarantine, threads=threads)
        inner.path.unlink()
    return scans


def _judged(
    engine: duckdb.DuckDBPyConnection,
    loaded: Loaded,
    part: Part,
    name: str,
    *,
    folder: Path,
    quarantine: QuarantineWriter,
) -> Scan:
    mark_repeated(engine)
    kept, refused = _counts(engine, loaded)
    refuse_unreadable(engine, loaded, kept, refused)
    quarantine.add(name, _refused_rows(engine), loaded, offset=part.offset)
    kept_by_month = _kept_by_month(engine)
    return Scan(
        schema=loaded.layout.schema,
        rows=kept + sum(refused.values()),
        kept=kept,
        refused=refused,
        under_60_s=_count(engine, "reason IS NULL AND lasted_us < 60000000"),
        kept_by_month=kept_by_month,
        rides=_write_rides(engine, kept_by_month, folder),
        offset=part.offset,
        notes=notes_on(engine, loaded),
    )


def _counts(engine: duckdb.DuckDBPyConnection, loaded: Loaded) -> tuple[int, dict[Reason, int]]:
    counts = dict(engine.execute("SELECT reason, count(*) FROM judged GROUP BY reason").fetchall())
    counts[REASONS.index(Reason.MALFORMED_ROW)] = len(loaded.lost.malformed)
    return counts.get(None, 0), {
        reason: counts[code] for code, reason in enumerate(REASONS) if counts.get(code)
    }


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
    (count,) = engine.execute(f"SELECT count(*) FROM judged WHERE {condition}").fetchone() or (0,)  # noqa: S608 - own names
    return int(count)

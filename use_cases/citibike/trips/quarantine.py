"""Refused rows, kept with file, line and reason, so that nothing is lost and everything can be looked up."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from use_cases.citibike.trips.engine import Loaded, line_numbers
from use_cases.citibike.trips.rules import REASONS, Reason

SCHEMA = pa.schema(
    [("file", pa.string()), ("line", pa.int64()), ("reason", pa.string()), ("text", pa.string())],
)

_NAMES = pa.array([str(reason) for reason in REASONS])


class QuarantineWriter:
    """One parquet file for all refused rows of one source; used as a context."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = pq.ParquetWriter(path, SCHEMA)

    def __enter__(self) -> "QuarantineWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def add(self, file: str, refused: Iterable[pa.RecordBatch], loaded: Loaded, *, offset: int = 0) -> None:
        """Append one file's refused rows.

        Args:
            file: Name to look it up by.
            refused: Columns ``row`` (ordinal of the rows that could be read), ``reason`` (place in
                ``REASONS``) and ``text``.
            loaded: Lines that gave no row; they shift the lines of the rows after them.
            offset: Lines of the file before the part that was read.
        """
        for batch in refused:
            lines = line_numbers(batch["row"].to_numpy(zero_copy_only=False), loaded) + offset
            self._write(file, pa.array(lines), _NAMES.take(batch["reason"]), batch["text"])
        malformed = loaded.lost.malformed
        reasons = pa.array([str(Reason.MALFORMED_ROW)] * len(malformed), pa.string())
        lines = pa.array([line + offset for line in malformed], pa.int64())
        self._write(file, lines, reasons, pa.array(list(malformed.values()), pa.string()))

    def _write(self, file: str, lines: pa.Array, reasons: pa.Array, texts: pa.Array) -> None:
        if len(lines):
            names = pa.array([file] * len(lines), pa.string())
            self._writer.write_batch(pa.record_batch([names, lines, reasons, texts], schema=SCHEMA))

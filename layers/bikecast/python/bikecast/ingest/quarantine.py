"""Refused rows, kept with file, line and reason, so that nothing is lost and everything can be looked up."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bikecast.ingest.engine import LostLines
from bikecast.ingest.rules import REASONS, Reason

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

    def add(self, file: str, refused: Iterable[pa.RecordBatch], lost: LostLines) -> None:
        """Append one file's refused rows.

        Args:
            file: Name to look it up by.
            refused: Columns ``row`` (ordinal of the rows that could be read), ``reason`` (place in
                ``REASONS``) and ``text``.
            lost: Lines that gave no row; they shift the lines of the rows after them.
        """
        without_row = np.array(sorted([*lost.malformed, *lost.blank]), dtype=np.int64)
        for batch in refused:
            lines = line_numbers(batch["row"].to_numpy(zero_copy_only=False), without_row)
            self._write(file, pa.array(lines), _NAMES.take(batch["reason"]), batch["text"])
        malformed = pa.array([str(Reason.MALFORMED_ROW)] * len(lost.malformed), pa.string())
        texts = pa.array(list(lost.malformed.values()), pa.string())
        self._write(file, pa.array(list(lost.malformed), pa.int64()), malformed, texts)

    def _write(self, file: str, lines: pa.Array, reasons: pa.Array, texts: pa.Array) -> None:
        if len(lines):
            names = pa.array([file] * len(lines), pa.string())
            self._writer.write_batch(pa.record_batch([names, lines, reasons, texts], schema=SCHEMA))


def line_numbers(rows: NDArray[np.int64], without_row: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the line of each row in its file, whose first line is the header.

    Args:
        rows: Ordinals from 1 of the rows that could be read.
        without_row: Sorted lines that gave no row.
    """
    rows_before = without_row - 2 - np.arange(len(without_row))
    return rows + 1 + np.searchsorted(rows_before, rows, side="left")

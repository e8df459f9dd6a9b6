"""Frames as published: text or parquet, plain, gzipped or zipped, told by the bytes of what arrives."""

import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bikecast.errors import InputError
from bikecast.examples.reading.text import distinct, encoding_of, first_lines, read_rows
from bikecast.examples.sources import TABLE_SUFFIXES
from bikecast.tabular.archives import Members, csv_files
from bikecast.tabular.headers import DELIMITERS, Header, find_header, first_line, split_line
from bikecast.tabular.heads import GZIP_MAGIC, PARQUET_MAGIC

_HEAD_BYTES = 4_096
_BATCH_ROWS = 100_000
_MAX_GZIP_BYTES = 16 * 2**30
_WEB_PAGE = (b"<!doctype", b"<html", b"<?xml", b"<head")

Recognises = Callable[[Sequence[str]], bool]


@dataclass(frozen=True)
class Chunk:
    """Some rows as published, by line (text) or row number (parquet), and the lines that are not rows."""

    raw: pd.DataFrame
    malformed: dict[int, str] = field(default_factory=dict)
    repeated_headers: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Member:
    """One file inside a source, or the source itself."""

    name: str
    path: Path


class UnknownTableError(InputError):
    """No reader takes a table of these columns.

    Attributes:
        columns: Their names; those without one are numbered.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        """Name the first of them."""
        self.columns = distinct(columns)
        super().__init__(f"no reader knows a table of the columns {', '.join(self.columns[:20])}")


def members(path: Path, name: str, work: Path) -> Iterator[Member]:
    """Yield the files of a source one at a time; each is gone when the next one comes.

    Args:
        path: The source.
        name: What the source is called.
        work: An empty folder for what is unpacked.
    Raises:
        InputError: The archive is damaged, holds no table or is not trusted.
    """
    for member in csv_files(path, name, work, members=Members(TABLE_SUFFIXES)):
        shown = name if member.member == name else f"{name}/{member.member}"
        yield Member(shown, _unzipped(member.path, work))


def encoding(path: Path) -> str | None:
    """Return how a text file is encoded, None for parquet.

    Raises:
        InputError: The file is neither.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(PARQUET_MAGIC):
        return None
    found = encoding_of(path)
    _refuse_what_is_no_table(head, found)
    return found


def chunks(path: Path, encoding: str | None, *, recognises: Recognises) -> Iterator[Chunk]:
    """Yield the rows of a file as published.

    Raises:
        UnknownTableError: ``recognises`` does not know its column names.
        InputError: It is damaged.
    """
    if encoding is None:
        return _parquet_chunks(path, recognises)
    return _text_chunks(path, _header(path, encoding, recognises), encoding)


def _header(path: Path, encoding: str, recognises: Recognises) -> Header:
    lines = first_lines(path, encoding)
    known = find_header(lines, lambda columns: recognises(distinct(columns)))
    if known is None:
        line = first_line(lines)
        readings = (split_line(line, delimiter) for delimiter in DELIMITERS)
        raise UnknownTableError(max(readings, key=len))
    return known


def _text_chunks(path: Path, header: Header, encoding: str) -> Iterator[Chunk]:
    names = list(distinct(header.columns))
    for rows in read_rows(path, header, encoding=encoding):
        raw = pd.DataFrame(rows.values, index=rows.lines, columns=names, dtype=object)
        yield Chunk(raw, rows.malformed, rows.repeated_headers)


def _parquet_chunks(path: Path, recognises: Recognises) -> Iterator[Chunk]:
    try:
        with pq.ParquetFile(path) as file:
            if not recognises(file.schema_arrow.names):
                raise UnknownTableError(file.schema_arrow.names)
            first = 1
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                frame = batch.to_pandas()
                frame.index = pd.RangeIndex(first, first + len(frame))
                first += len(frame)
                yield Chunk(frame)
    except (pa.ArrowInvalid, OSError) as err:
        raise InputError(f"the parquet file is damaged or cut short ({err}); fetch it again") from err


def _unzipped(path: Path, work: Path) -> Path:
    with path.open("rb") as file:
        if file.read(2) != GZIP_MAGIC:
            return path
    target = work / "gunzipped"
    try:
        with gzip.open(path) as packed, target.open("wb") as file:
            _copy(packed, file)
    except (gzip.BadGzipFile, zlib.error, EOFError) as err:
        raise InputError(f"the gzip file is damaged or cut short ({err}); fetch it again") from err
    return target


def _copy(packed: gzip.GzipFile, file: BinaryIO) -> None:
    left = _MAX_GZIP_BYTES
    while chunk := packed.read(1 << 20):
        left -= len(chunk)
        if left < 0:
            raise InputError(f"the gzip file unpacks to more than {_MAX_GZIP_BYTES:,} bytes; split it")
        file.write(chunk)


def _refuse_what_is_no_table(head: bytes, encoding: str) -> None:
    start = head.lstrip()[:512].lower()
    if not start:
        raise InputError("the file is empty")
    if start.startswith(_WEB_PAGE):
        raise InputError("the file is a web page, not a table: the download was answered by an error page")
    if b"\x00" in head and encoding != "utf-16":
        raise InputError("the file is binary; load CSV or parquet, plain, gzipped or zipped")

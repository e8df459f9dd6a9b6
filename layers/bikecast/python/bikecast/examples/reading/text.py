"""Delimited text read row by row: nothing is lost, and every row knows its line.

A reader that meets an open quote may swallow the lines after it without a word. Here a row ends with its
line unless a quoted value with a break in it makes the row whole; what cannot be a row is malformed and kept.
"""

import codecs
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from bikecast.errors import InputError
from bikecast.tabular.headers import Header
from bikecast.tabular.heads import utf16_of

_CHUNK_LINES = 50_000
_CHUNK_BYTES = 1 << 20
_MAX_JOINED_LINES = 5
_SHOWN = 500
_HEADER_LINES, _SHOWN_HEADER = 30, 100_000
_CONFLICT_MARKERS = ("<<<<<<< ", "=======\n", "=======\r\n", ">>>>>>> ")


@dataclass
class Rows:
    """Some rows of a file: their lines and values, and the lines that are not rows."""

    lines: list[int] = field(default_factory=list)
    values: list[list[str]] = field(default_factory=list)
    malformed: dict[int, str] = field(default_factory=dict)
    repeated_headers: list[int] = field(default_factory=list)


def encoding_of(path: Path) -> str:
    """Return UTF-8 or UTF-16 where the bytes are that, and the code page of Western Windows otherwise."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        if utf16_of(file.read(2)):
            return "utf-16"
        file.seek(0)
        try:
            while chunk := file.read(_CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def first_lines(path: Path, encoding: str) -> list[str]:
    """Return the lines among which the header is."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        return [line.rstrip("\r\n")[:_SHOWN_HEADER] for line in islice(file, _HEADER_LINES)]


def read_rows(path: Path, header: Header, *, encoding: str) -> Iterator[Rows]:
    """Yield the rows after the header, some ten thousand at a time.

    Raises:
        InputError: A line is a merge-conflict marker.
    """
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        first, waiting = 1 + sum(1 for _ in islice(file, header.line + 1)), list[str]()
        while lines := waiting + list(islice(file, _CHUNK_LINES)):
            last = len(lines) < _CHUNK_LINES + len(waiting)
            rows, used = _parsed(lines, first, header, last=last)
            yield rows
            first, waiting = first + used, lines[used:]


def _parsed(lines: list[str], first: int, header: Header, *, last: bool) -> tuple[Rows, int]:
    try:
        records = list(csv.reader(lines, delimiter=header.delimiter, strict=True))
    except csv.Error:
        records = []
    rows = Rows()
    if len(records) != len(lines):
        return rows, _parse_one_by_one(lines, first, header, rows, last=last)
    for number, (record, line) in enumerate(zip(records, lines, strict=True), start=first):
        _add(rows, number, record, line, header)
    return rows, len(lines)


def _parse_one_by_one(lines: list[str], first: int, header: Header, rows: Rows, *, last: bool) -> int:
    """Fill ``rows`` and return how many lines were used; a row that may go on in the next chunk waits."""
    at = 0
    while at < len(lines):
        if not last and at + _MAX_JOINED_LINES > len(lines) and at:
            return at
        record, size = _next_record(lines[at : at + _MAX_JOINED_LINES], header)
        _add(rows, first + at, record, "".join(lines[at : at + size]), header)
        at += size
    return at


def _next_record(lines: list[str], header: Header) -> tuple[list[str] | None, int]:
    for size in range(1, len(lines) + 1):
        try:
            found = list(csv.reader(lines[:size], delimiter=header.delimiter, strict=True))
        except csv.Error:
            continue
        if len(found) == 1 and (size == 1 or len(found[0]) == len(header.columns)):
            return found[0], size
        if size == 1:
            break
    return None, 1


def _add(rows: Rows, number: int, record: list[str] | None, text: str, header: Header) -> None:
    width = len(header.columns)
    if record is not None and len(record) > width and not any(record[width:]):
        record = record[:width]
    if record is not None and len(record) == width:
        if tuple(record) == header.columns:
            rows.repeated_headers.append(number)
            return
        rows.lines.append(number)
        rows.values.append(record)
    elif text.strip():
        _refuse_conflict(number, text)
        rows.malformed[number] = text.strip()[:_SHOWN]


def _refuse_conflict(number: int, text: str) -> None:
    if text.startswith(_CONFLICT_MARKERS):
        raise InputError(f"line {number} is a merge-conflict marker: resolve the conflict and load it again")


def distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Return names without blanks around them, each once; columns without a name are numbered."""
    names = [name.strip() for name in names]
    return tuple(name if name and name not in names[:n] else f"column{n}" for n, name in enumerate(names))

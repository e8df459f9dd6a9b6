"""Which schema a file has, told by its header alone, and in plain words why a file is none."""

import csv
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bikecast.errors import InputError
from bikecast.ingest.rules import bike_ride_sql, ride_id_sql

HEADER_BYTES = 65_536
CONFLICT_MARKERS = (b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||")


class UnreadableFileError(InputError):
    """A whole file cannot be read; the message says what it is instead of trips."""


class Schema(StrEnum):
    """The publisher's two schemas."""

    RIDE_IDS = "ride_ids"  # since February 2021
    BIKE_IDS = "bike_ids"  # before


@dataclass(frozen=True)
class Layout:
    """How one file names what is needed of a trip.

    Columns carry their header's name in lower case without blanks or signs: ``startedat``, ``bikeid``.
    """

    schema: Schema
    columns: tuple[str, ...]
    start: str
    end: str

    def identity_sql(self, start: str, end: str, *, all_columns: bool) -> str:
        """Return SQL for a ride's identity.

        Args:
            start: Its parsed time.
            end: Its parsed time.
            all_columns: Tell rides without an id apart by everything else, which makes the engine read
                every column; otherwise they have no identity.
        """
        if self.schema is Schema.BIKE_IDS:
            return bike_ride_sql("bikeid", start=start, end=end)
        others = [name for name in self.columns if name not in ("rideid", self.start, self.end)]
        return ride_id_sql("rideid", otherwise=[start, end, *others] if all_columns else [])


_REQUIRED = {
    Schema.RIDE_IDS: ("rideid", "startedat", "endedat"),
    Schema.BIKE_IDS: ("bikeid", "starttime", "stoptime"),
}


def read_layout(path: Path) -> Layout:
    """Recognise a file by its header.

    Raises:
        UnreadableFileError: It is empty, a web page, a merge conflict, binary, separated by something
            other than commas, or has other columns.
    """
    with path.open("rb") as file:
        head = file.read(HEADER_BYTES)
    _refuse_what_is_no_table(head)
    line = re.split(rb"\r\n|\n|\r", head.removeprefix(b"\xef\xbb\xbf"), maxsplit=1)[0]
    if len(line) >= HEADER_BYTES - 3:
        raise UnreadableFileError(f"the first line is longer than {HEADER_BYTES} bytes: this is no trip file")
    header = _text(line)
    names = _normalised(header)
    for schema, required in _REQUIRED.items():
        if set(required) <= set(names):
            return Layout(schema=schema, columns=_distinct(names), start=required[1], end=required[2])
    raise UnreadableFileError(_why_unknown(header, names))


def _refuse_what_is_no_table(head: bytes) -> None:
    start = head.lstrip()[:512].lower()
    if not start:
        raise UnreadableFileError("the file is empty")
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        raise UnreadableFileError(
            "the file is a web page, not a table: the download was answered by an error page"
        )
    if start.startswith(CONFLICT_MARKERS):
        raise UnreadableFileError(
            "the file holds merge-conflict markers: resolve the conflict and load it again"
        )
    if b"\r" in head and b"\n" not in head:
        raise UnreadableFileError("lines end with a carriage return alone; save the file with line feeds")
    if b"\x00" in head:
        raise UnreadableFileError("the file is binary: its first lines hold zero bytes")


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as err:
        raise UnreadableFileError(
            f"the file is binary or not UTF-8 (byte {err.start} of its first line)"
        ) from err


def _normalised(line: str) -> list[str]:
    fields = next(csv.reader([line]), [])
    return [re.sub(r"[^a-z0-9]", "", field.lower()) for field in fields]


def _distinct(names: list[str]) -> tuple[str, ...]:
    return tuple(name if name and name not in names[:n] else f"column{n}" for n, name in enumerate(names))


def _why_unknown(line: str, names: list[str]) -> str:
    for delimiter, shown in (("\t", "tabs"), (";", "semicolons"), ("|", "bars")):
        if line.count(delimiter) > line.count(","):
            return f"columns are separated by {shown}; export the file with commas"
    expected = " or ".join(", ".join(required) for required in _REQUIRED.values())
    return f"the header has neither schema of the publisher: expected {expected}; found {names[:15]}"

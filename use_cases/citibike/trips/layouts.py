"""Which schema a file has, told by its header alone, and in plain words why a file is none."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from bikecast.tabular.archives import UnreadableFileError
from bikecast.tabular.headers import Header, find_header, first_line
from bikecast.tabular.heads import HEAD_BYTES, OLD_OFFICE_MAGIC, PARQUET_MAGIC, plain_head
from use_cases.citibike.texts.dates import Dates
from use_cases.citibike.trips.identity import Identity, bike_ride, ride_id, ride_number
from use_cases.citibike.trips.schemas import SCHEMAS, Names, Schema, is_trip_header, plain_names, schemas_of

CONFLICT_MARKERS = (b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||")
_SHOWN_COLUMNS = 15


@dataclass(frozen=True)
class Layout:
    """How one file names what is needed of a trip.

    Args:
        schemas: One, or both where a file has the columns of both side by side.
        columns: Every column by its plain name: ``startedat``, ``bikeid``.
        delimiter: What separates the columns.
        header_lines: Lines up to and with the header.
        dates: How dates are written that are not ISO 8601.
    """

    schemas: tuple[Names, ...]
    columns: tuple[str, ...]
    delimiter: str = ","
    header_lines: int = 1
    dates: Dates = field(default_factory=Dates)

    @property
    def schema(self) -> Schema:
        """The schema of the file's first columns."""
        return self.schemas[0].schema

    @property
    def start(self) -> str:
        """SQL for the text of the start, of whichever schema a row has."""
        return _first_known([names.start for names in self.schemas])

    @property
    def end(self) -> str:
        """SQL for the text of the end."""
        return _first_known([names.end for names in self.schemas])

    def with_dates(self, dates: Dates) -> "Layout":
        """Return the layout for dates written another way."""
        return replace(self, dates=dates)

    @property
    def number(self) -> str:
        """SQL for the number of a ride's id, NULL where it is not intact or the schema has none."""
        by_id = [names for names in self.schemas if names.schema is Schema.RIDE_IDS]
        return ride_number(by_id[0].identity) if by_id else "NULL::UBIGINT"

    @property
    def id_is_damaged(self) -> str:
        """SQL that tells whether a ride's id is not the 16 digits that the publisher gives."""
        by_id = [names for names in self.schemas if names.schema is Schema.RIDE_IDS]
        return f"(number IS NULL AND {by_id[0].start} IS NOT NULL)" if by_id else "false"

    def identity(self, number: str, start: str, end: str, *, all_columns: bool) -> Identity:
        """Return SQL for a ride's identity.

        Args:
            number: Column of the id's ``number``.
            start: Its parsed time.
            end: Its parsed time.
            all_columns: Tell rides without an intact id apart by everything else, which makes the engine
                read every column; otherwise they have no identity.
        """
        others = [f'"{name}"' for name in self.columns] if all_columns else []
        ways = [
            bike_ride(names.identity, start=start)
            if names.schema is Schema.BIKE_IDS
            else ride_id(names.identity, number=number, start=start, end=end, others=others)
            for names in self.schemas
        ]
        if len(ways) == 1:
            return ways[0]
        first = f"{self.schemas[0].start} IS NOT NULL"
        return Identity(
            ride=f"CASE WHEN {first} THEN {ways[0].ride} ELSE {ways[1].ride} END",
            whole=f"CASE WHEN {first} THEN {ways[0].whole} ELSE {ways[1].whole} END",
        )


def read_layout(path: Path) -> Layout:
    """Recognise a file by its header.

    Raises:
        UnreadableFileError: It is empty, a web page, a merge conflict, binary, or has other columns.
    """
    with path.open("rb") as file:
        raw = file.read(HEAD_BYTES)
    _refuse_what_is_no_table(raw)
    head = plain_head(raw)
    lines = head.decode(errors="replace").splitlines()
    header = find_header(lines, is_trip_header)
    if header is None:
        raise UnreadableFileError(_why_unknown(lines))
    return _layout(header)


def _layout(header: Header) -> Layout:
    names = plain_names(header.columns)
    return Layout(
        schemas=schemas_of(names),
        columns=_distinct(names),
        delimiter=header.delimiter,
        header_lines=header.line + 1,
    )


def _first_known(columns: list[str]) -> str:
    return columns[0] if len(columns) == 1 else f"coalesce({', '.join(columns)})"


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
    if head.startswith(OLD_OFFICE_MAGIC):
        raise UnreadableFileError("the file is an Excel workbook: save its sheet as CSV and load that")
    if head.startswith(PARQUET_MAGIC):
        raise UnreadableFileError("the file is a parquet table of something else than hours: load CSV files")
    if b"\x00" in head:
        raise UnreadableFileError(
            "the file is binary: its first lines hold zero bytes; unpack it, or save it as CSV in UTF-8"
        )


def _distinct(names: list[str]) -> tuple[str, ...]:
    return tuple(name if name and name not in names[:n] else f"column{n}" for n, name in enumerate(names))


def _why_unknown(lines: list[str]) -> str:
    line = first_line(lines)
    if len(line) >= HEAD_BYTES - 3:
        return f"the first line is longer than {HEAD_BYTES} bytes: this is not a trip file"
    if "\ufffd" in line:
        return "the file is binary or not UTF-8 in its first line"
    expected = " or ".join(", ".join((n.identity, n.start, n.end)) for n in SCHEMAS)
    found = plain_names(line.replace(";", ",").split(","))[:_SHOWN_COLUMNS]
    return f"the header has neither schema of the publisher: expected {expected}; found {found}"

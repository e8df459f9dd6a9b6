"""Header lines: which separator they use, the plain names of their columns, and the units beside them."""

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

DELIMITERS = (",", ";", "\t", "|")
# Spreadsheets of some languages write their separator into a first line of its own.
_SEPARATOR_LINE = re.compile(r'^"?sep=.?"?$', re.IGNORECASE)
_UNIT = re.compile(r"^(?P<name>.*?)\s*[(\[](?P<unit>[^)\]]*)[)\]]\s*$")
_LINES_LOOKED_AT = 30


@dataclass(frozen=True)
class Header:
    """A header line.

    Args:
        line: Its place in the file, from 0.
        delimiter: What separates its columns.
        columns: Names as they are written.
    """

    line: int
    delimiter: str
    columns: tuple[str, ...]


def find_header(lines: Sequence[str], is_known: Callable[[Sequence[str]], bool]) -> Header | None:
    """Return the first of a file's lines whose columns are known, by whichever separator.

    Args:
        lines: The first lines of a file.
        is_known: Tells by a line's columns whether it is the header looked for.
    """
    for number, line in enumerate(lines[:_LINES_LOOKED_AT]):
        for delimiter in DELIMITERS:
            columns = split_line(line, delimiter)
            if is_known(columns):
                return Header(number, delimiter, tuple(columns))
    return None


def first_line(lines: Sequence[str]) -> str:
    """Return the first line that is neither blank nor a spreadsheet's note on its separator."""
    return next((line for line in lines if line.strip() and not _SEPARATOR_LINE.match(line.strip())), "")


def split_line(line: str, delimiter: str) -> list[str]:
    """Return the fields of one line."""
    return next(csv.reader([line], delimiter=delimiter), [])


def plain_name(column: str) -> str:
    """Return a column's name in lower case, letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", column.lower())


def name_and_unit(column: str) -> tuple[str, str | None]:
    """Split ``rain (inch)`` into the name and the unit; None where no unit is written."""
    found = _UNIT.match(column)
    return (found["name"].strip(), found["unit"].strip()) if found else (column.strip(), None)

"""Tables read by content into text: CSV below a block of facts about it, parquet, or columns in JSON."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa

from bikecast.errors import InputError
from bikecast.tabular.headers import find_header, first_line, name_and_unit, split_line
from bikecast.tabular.heads import GZIP_MAGIC, OLD_OFFICE_MAGIC, PARQUET_MAGIC, ZIP_MAGIC, lines_of, utf16_of


@dataclass(frozen=True)
class RawTable:
    """A table as it stands in its file.

    Args:
        frame: Columns by their written names without the units; text, or whatever types parquet has.
        units: Units by column, where the file states them.
        facts: What the file says about the table, by name.
    """

    frame: pd.DataFrame
    units: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)


def read_table(name: str, body: bytes, is_known: Callable[[Sequence[str]], bool]) -> RawTable:
    """Read a parquet or CSV table, told apart by content.

    Args:
        name: What errors call it.
        body: The file.
        is_known: Tells by a line's columns whether it is the header.
    Raises:
        InputError: It cannot be read, or has no such header.
    """
    if body.startswith(PARQUET_MAGIC):
        return _with_units(_parquet(name, body))
    if body.startswith((ZIP_MAGIC[0], GZIP_MAGIC, OLD_OFFICE_MAGIC)):
        raise InputError(f"{name} is packed or an Excel workbook: give the CSV file itself")
    encoding = utf16_of(body)
    if encoding is None and b"\x00" in body:
        raise InputError(f"{name} holds zero bytes: save it as CSV in UTF-8")
    lines = lines_of(body[2:].decode(encoding).encode() if encoding else body.removeprefix(b"\xef\xbb\xbf"))
    header = find_header(lines, is_known)
    if header is None:
        raise InputError(f"{name} cannot be read: none of its first lines is a known header; {_found(lines)}")
    facts = _facts(lines[: header.line], header.delimiter)
    block = _one_table(name, lines[header.line :], header.delimiter, is_known)
    return _csv(name, block, header.delimiter, facts=facts)


def _one_table(
    name: str, lines: Sequence[str], delimiter: str, is_known: Callable[[Sequence[str]], bool]
) -> list[str]:
    """Return the lines below a header without blank ones and repeated headers, up to another table's header.

    Raises:
        InputError: The other table is of the known kind too, with other columns.
    """
    first = lines[0].split(delimiter)[0].strip()
    block = [lines[0]]
    for line in lines[1:]:
        if not line.strip(f"{delimiter} ") or line.strip() == lines[0].strip():
            continue
        if first and line.split(delimiter)[0].strip() == first:
            if is_known(split_line(line, delimiter)):
                raise InputError(f"{name} holds two tables with different columns: save each as its own file")
            break
        block.append(line)
    return block


def _csv(name: str, block: Sequence[str], delimiter: str, *, facts: Mapping[str, str]) -> RawTable:
    try:
        frame = pd.read_csv(
            io.StringIO("\n".join(block)),
            sep=delimiter,
            dtype=str,
            keep_default_na=False,
            skipinitialspace=True,
        )
    except (ValueError, csv.Error) as err:
        raise InputError(f"{name} cannot be read as CSV ({err})") from err
    return _with_units(frame, facts=facts)


def _parquet(name: str, body: bytes) -> pd.DataFrame:
    try:
        frame: pd.DataFrame = pd.read_parquet(io.BytesIO(body))
    except (ValueError, OSError, pa.ArrowInvalid) as err:
        raise InputError(f"{name} cannot be read as parquet ({err})") from err
    return frame.reset_index() if frame.index.name else frame


def _with_units(frame: pd.DataFrame, *, facts: Mapping[str, str] | None = None) -> RawTable:
    named = {column: name_and_unit(str(column)) for column in frame.columns}
    units = {name: unit for name, unit in named.values() if unit}
    return RawTable(frame.rename(columns={c: name for c, (name, _) in named.items()}), units, facts or {})


def _facts(lines: Sequence[str], delimiter: str) -> dict[str, str]:
    """Read the lines above a header as names and, below them, values."""
    block = [split_line(line, delimiter) for line in lines if line.strip(f"{delimiter} ")]
    if len(block) != 2:
        return {}
    return dict(zip((name.strip() for name in block[0]), (value.strip() for value in block[1]), strict=False))


def _found(lines: Sequence[str]) -> str:
    line = first_line(lines)
    return f"the first is {line[:200]!r}" if line else "it is empty"

"""Physical lines of a file: counted fast, and mended where a line would make the CSV reader lose its place.

The publisher never writes a line break inside a value, so a line is a row. A reader that meets an open
quote or an endless line may swallow what follows without a word; counting lines first shows that.
"""

import csv
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from bikecast.tabular.archives import UnreadableFileError
from use_cases.citibike.trips.layouts import CONFLICT_MARKERS

_CHUNK_BYTES = 1 << 18
MAX_LINE_BYTES = 1 << 18
_MAX_JOINED_LINES = 5
_SHOWN_BYTES = 200


@dataclass(frozen=True)
class LineCount:
    """What one pass over the bytes tells.

    Args:
        lines: Lines, the last one counted even without its break.
        longest_is_bounded: No line is longer than what the CSV reader can take.
    """

    lines: int
    longest_is_bounded: bool


@dataclass(frozen=True)
class Part:
    """Part of a file; its first line is line ``offset + 1`` of the file."""

    path: Path
    offset: int = 0


@dataclass(frozen=True)
class Mended:
    """A copy that reads line by line, with what was taken out of it; line numbers are the original's."""

    malformed: dict[int, str]
    blank: list[int]


def count_lines(path: Path) -> LineCount:
    """Count the lines of a file near the speed of reading it."""
    chunk = bytearray(_CHUNK_BYTES)
    buffer = np.frombuffer(chunk, dtype=np.uint8)
    breaks, quiet_chunks, bounded, last = 0, 0, True, ord("\n")
    with path.open("rb", buffering=0) as file:
        while size := file.readinto(chunk):
            found = int(np.count_nonzero(buffer[:size] == ord("\n")))
            quiet_chunks = 0 if found else quiet_chunks + 1
            bounded = bounded and quiet_chunks < 2
            breaks += found
            last = int(buffer[size - 1])
    return LineCount(lines=breaks + (last != ord("\n")), longest_is_bounded=bounded)


def checksum(path: Path) -> int:
    """Return the CRC-32 of a file."""
    value = 0
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK_BYTES):
            value = zlib.crc32(chunk, value)
    return value


def mend(path: Path, target: Path, *, columns: int, delimiter: str) -> Mended:
    """Write a copy with one row a line; lines that cannot be one become blank and are listed.

    Line breaks of any kind become ``\\n``; a value with a break inside is joined with blanks.

    Raises:
        UnreadableFileError: A line is a merge-conflict marker.
    """
    malformed: dict[int, str] = {}
    blank: list[int] = []
    with target.open("wb") as file:
        for number, text in _rows(path, columns, delimiter):
            problem = _problem(text, number)
            if problem is not None:
                malformed[number] = f"{problem}: {text[:_SHOWN_BYTES].decode(errors='replace')}"
            elif not text.strip():
                blank.append(number)
            # A carriage return inside a line ends it for some readers and not for others.
            file.write((b"" if problem else text.strip().replace(b"\r", b" ")) + b"\n")
    return Mended(malformed=malformed, blank=blank)


def _problem(text: bytes, number: int) -> str | None:
    if text.startswith(CONFLICT_MARKERS):
        raise UnreadableFileError(
            f"line {number} is a merge-conflict marker: resolve the conflict and load it again"
        )
    if len(text) >= MAX_LINE_BYTES:
        return "the line is too long"
    if text.count(b'"') % 2:
        return "a quote is not closed"
    if b"\x00" in text:
        return "the line holds zero bytes"
    return None


def _rows(path: Path, columns: int, delimiter: str) -> Iterator[tuple[int, bytes]]:
    """Yield rows with the number of their first line; a joined row is followed by blank ones."""
    waiting: list[tuple[int, bytes]] = []
    for numbered in _lines(path):
        waiting.append(numbered)
        while waiting and (joined := _joined(waiting, columns, delimiter)) is not None:
            yield from joined
            del waiting[: len(joined)]
    for numbered in waiting:
        yield numbered


def _joined(waiting: list[tuple[int, bytes]], columns: int, delimiter: str) -> list[tuple[int, bytes]] | None:
    """Return the first lines as one row each, or None while a quoted value may still be open."""
    first = waiting[0]
    if first[1].count(b'"') % 2 == 0 or len(waiting) > _MAX_JOINED_LINES:
        return [first]
    if len(waiting) == 1 or waiting[-1][1].count(b'"') % 2 == 0:
        return None
    text = b" ".join(line.strip(b"\r\n") for _, line in waiting)
    fields = next(csv.reader([text.decode(errors="replace")], delimiter=delimiter))
    if len(fields) != columns:
        return [first]
    return [(first[0], text), *((number, b"") for number, _ in waiting[1:])]


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield physical lines, each bounded in memory: of an endless line only the beginning is kept."""
    number = 1
    kept = b""
    with path.open("rb") as file:
        while piece := file.readline(MAX_LINE_BYTES):
            kept = kept or piece
            if piece.endswith(b"\n"):
                yield number, kept
                number, kept = number + 1, b""
    if kept:
        yield number, kept


def split_before(path: Path, starts: Sequence[int], folder: Path) -> list[Part]:
    """Copy a file into parts, of which each but the first begins with one of these lines.

    Args:
        path: The file.
        starts: Line numbers, in order.
        folder: Where the parts go.
    """
    parts = [Part(folder / f"part-{n}.csv", offset=line - 1) for n, line in enumerate([1, *starts])]
    with path.open("rb") as file:
        for part, following in zip(parts, [*parts[1:], None], strict=True):
            rest = None if following is None else following.offset - part.offset
            with part.path.open("wb") as copy:
                copy.writelines(islice(file, rest))
    return parts

"""Trip files as spreadsheets and other programs save them again."""

import csv
import datetime as dt
import io
import re
from collections.abc import Callable
from dataclasses import dataclass

_DATE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$")
_NUMBER = re.compile(r"^-?\d+\.\d+$")


@dataclass(frozen=True)
class Program:
    """How a program writes a table, and the format of its times for whoever reads it."""

    formats: tuple[str, ...]
    time: Callable[[dt.datetime], str]
    delimiter: str = ","
    line_break: str = "\r\n"
    decimal: str = "."
    quoted: bool = False
    encoding: str = "utf-8"

    def save(self, text: str) -> str:
        """Return a CSV file as the program writes it."""
        rows = [[self._value(value) for value in row] for row in csv.reader(io.StringIO(text))]
        out = io.StringIO()
        writer = csv.writer(
            out,
            delimiter=self.delimiter,
            lineterminator=self.line_break,
            quoting=csv.QUOTE_ALL if self.quoted else csv.QUOTE_MINIMAL,
        )
        writer.writerows(rows)
        return out.getvalue()

    def _value(self, value: str) -> str:
        if _DATE.match(value):
            return self.time(dt.datetime.fromisoformat(value))
        if _NUMBER.match(value):
            return value.replace(".", self.decimal)
        return value


def _short(year: str) -> Callable[[dt.datetime], str]:
    return lambda time: f"{time.month}/{time.day}/{time:{year}} {time.hour}:{time.minute:02d}"


PROGRAMS = {
    "excel-us": Program(("%m/%d/%Y %H:%M",), _short("%Y")),
    "excel-us-two-digit-year": Program(("%m/%d/%y %H:%M",), _short("%y")),
    "excel-us-seconds": Program(
        ("%m/%d/%Y %H:%M:%S",), lambda t: f"{t.month}/{t.day}/{t:%Y} {t.hour}:{t:%M:%S}", quoted=True
    ),
    "excel-us-twelve-hours": Program(
        ("%m/%d/%Y %I:%M:%S %p",), lambda t: f"{t.month}/{t.day}/{t:%Y} {t:%I:%M:%S %p}"
    ),
    "excel-german": Program(
        ("%d.%m.%Y %H:%M",), lambda t: f"{t:%d.%m.%Y %H:%M}", delimiter=";", decimal=",", encoding="utf-8-sig"
    ),
    "excel-french": Program(
        ("%d/%m/%Y %H:%M",), lambda t: f"{t:%d/%m/%Y %H:%M}", delimiter=";", decimal=",", encoding="cp1252"
    ),
    "excel-dutch": Program(("%d-%m-%Y %H:%M",), lambda t: f"{t:%d-%m-%Y} {t.hour}:{t:%M}", delimiter=";"),
    "excel-japanese": Program(("%Y/%m/%d %H:%M",), lambda t: f"{t.year}/{t.month}/{t.day} {t.hour}:{t:%M}"),
    "unicode-text": Program(("%m/%d/%Y %H:%M",), _short("%Y"), delimiter="\t", encoding="utf-16"),
    "old-macintosh": Program(("%m/%d/%Y %H:%M",), _short("%Y"), line_break="\r"),
    "pandas": Program((), lambda t: t.isoformat(" "), line_break="\n"),
    "iso-t": Program((), lambda t: t.isoformat("T"), line_break="\n"),
    "bars": Program((), lambda t: t.isoformat(" "), delimiter="|", line_break="\n"),
}

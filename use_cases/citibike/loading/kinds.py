"""What a file holds, told by its content: whatever its name, and however it is packed."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from bikecast.tabular.headers import find_header, plain_name
from bikecast.tabular.heads import GZIP_MAGIC, HEAD_BYTES, PARQUET_MAGIC, ZIP_MAGIC, lines_of, plain_head
from use_cases.citibike.trips.schemas import is_trip_header
from use_cases.citibike.weather.columns import is_weather

_HOURLY_TABLE = {"date", "hour", "trips"}
_HOURLY_JSON = (b'"hourly"', b'"time"')


class Kind(StrEnum):
    """What a file holds."""

    TRIPS = "trips"
    WEATHER = "weather"
    HOURLY_TABLE = "hourly table"
    UNKNOWN = "unknown"


def kind_of_file(path: Path) -> Kind:
    """Tell what a file holds by its first bytes, of a parquet file by its columns."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.startswith(PARQUET_MAGIC):
        return kind_of_head(head)
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return kind_of_columns(pq.read_schema(path).names)
    except (OSError, pa.ArrowInvalid):
        return Kind.UNKNOWN


def kind_of_head(head: bytes) -> Kind:
    """Tell what a file of text holds by its first bytes.

    A zip or gzip of trips or weather counts as trips: where those are read, its members are told apart.
    """
    text = plain_head(head)
    if head.startswith((*ZIP_MAGIC, GZIP_MAGIC)):
        return Kind.UNKNOWN if _kind_of_text(text) is Kind.UNKNOWN else Kind.TRIPS
    return _kind_of_text(text)


def _kind_of_text(text: bytes) -> Kind:
    if text.lstrip().startswith((b"{", b"[")):
        return Kind.WEATHER if all(name in text for name in _HOURLY_JSON) else Kind.UNKNOWN
    lines = lines_of(text)
    if find_header(lines, is_trip_header):
        return Kind.TRIPS
    return Kind.WEATHER if find_header(lines, is_weather) else Kind.UNKNOWN


def kind_of_columns(columns: Sequence[str]) -> Kind:
    """Tell what a table holds by its columns."""
    if {plain_name(column) for column in columns} >= _HOURLY_TABLE:
        return Kind.HOURLY_TABLE
    if is_trip_header(columns):
        return Kind.TRIPS
    return Kind.WEATHER if is_weather(columns) else Kind.UNKNOWN

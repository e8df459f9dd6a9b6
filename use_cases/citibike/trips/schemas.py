"""The publisher's two schemas, told by a header alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bikecast.tabular.headers import find_header, plain_name


class Schema(StrEnum):
    """The publisher's two schemas."""

    RIDE_IDS = "ride_ids"  # since February 2021
    BIKE_IDS = "bike_ids"  # before


@dataclass(frozen=True)
class Names:
    """What a schema calls what is needed of a trip: plain names of three columns."""

    schema: Schema
    identity: str
    start: str
    end: str

    def columns(self) -> set[str]:
        """Return the three columns."""
        return {self.identity, self.start, self.end}


SCHEMAS = (
    Names(Schema.RIDE_IDS, "rideid", "startedat", "endedat"),
    Names(Schema.BIKE_IDS, "bikeid", "starttime", "stoptime"),
)


def is_trip_header(columns: Sequence[str]) -> bool:
    """Tell whether a line's columns are those of a trip file."""
    return bool(schemas_of(plain_names(columns)))


def is_header_line(text: str) -> bool:
    """Tell whether a line is the header of a trip file, by whichever separator."""
    named = plain_name(text)
    may_be = any(names.start in named and names.end in named for names in SCHEMAS)
    return may_be and find_header([text], is_trip_header) is not None


def plain_names(columns: Sequence[str]) -> list[str]:
    """Return the columns' plain names."""
    return [plain_name(column) for column in columns]


def schemas_of(names: Sequence[str]) -> tuple[Names, ...]:
    """Return the schemas whose columns are all there."""
    return tuple(schema for schema in SCHEMAS if schema.columns() <= set(names))

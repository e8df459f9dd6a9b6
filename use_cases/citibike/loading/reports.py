"""Load reports: numbers that add up, one entry a source, one report a load."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bikecast.errors import DataError
from bikecast.names import Prefix
from bikecast.storage import ObjectStore
from use_cases.citibike.trips.rules import Reason
from use_cases.citibike.trips.schemas import Schema

# Share of a file that its month's neighbours may be, and of a month that another edition of a file keeps.
_STRAYS, _MOST = 0.01, 0.5
ENTRIES = f"{Prefix.TRIPS}_sources/"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileReport(_Part):
    """One CSV file: ``rows`` = ``kept`` + the sum of ``refused``; rides under a minute are kept, and told."""

    name: str
    layout: Schema
    rows: int
    kept: int
    refused: dict[Reason, int]
    under_60_s: int
    kept_by_month: dict[str, int]
    notes: tuple[str, ...] = Field((), description="What reading it had to assume, or what was lost before.")


class Status(StrEnum):
    """A source's result in the last load that held it."""

    LOADED = "loaded"
    FAILED = "failed"
    HELD_BACK = "held_back"  # readable, but another file of its month is not


class SourceEntry(_Part):
    """The store's memory of one source: what it held when it was last good, and what its last load said.

    ``rides`` are the keys that count; a failed load leaves them as they were.
    """

    source: str
    month: str = Field(description="Group that it was loaded with: 2024-01, 2013 or undated.")
    status: Status
    problem: str | None = None
    fingerprint: str | None = None
    simulated: bool = False
    files: tuple[FileReport, ...] = ()
    rides: tuple[str, ...] = ()
    weather: tuple[str, ...] = Field((), description="Keys of weather files that came among the trips.")
    left_months: tuple[str, ...] = Field(
        (), description="Months that an earlier state of the source reached."
    )
    quarantine: str | None = None

    @property
    def start_months(self) -> set[str]:
        """Months whose counts this source has a say in."""
        return {month for file in self.files for month in file.kept_by_month} | set(self.left_months)


class MonthReport(_Part):
    """Result of loading one group of sources."""

    month: str
    rows: int
    kept: int
    refused: dict[Reason, int]
    unchanged: tuple[str, ...]
    problems: dict[str, str]
    notes: dict[str, tuple[str, ...]] = Field({}, description="What reading a file had to assume, by name.")


class Coverage(_Part):
    """How much of the months just counted the tables hold; the hours that spring skips are not missing."""

    first_hour: dt.datetime | None
    last_hour: dt.datetime | None
    hours: int
    hours_missing: int
    days_with_missing_hours: str
    closures: tuple[str, ...] = Field(
        (), description="Hours in which the system was shut: inside whole files, or declared. Left out."
    )
    partial_months: dict[str, int] = Field(description="Trips of months of which only strays came so far.")
    hours_without_weather: int
    days_without_weather: str


class LoadReport(_Part):
    """Result of a whole load; stored beside the data and printed."""

    status: str = Field(description="complete, or incomplete when a month failed; its last good state stays.")
    simulated: bool
    finished_at: dt.datetime
    sources: int
    rows: int
    kept: int
    refused: dict[Reason, int]
    under_60_s: int
    in_several_files: int = Field(description="Kept rows of rides that another file holds, too.")
    trips: int = Field(description="Distinct rides of the months just counted.")
    problems: dict[str, str] = Field(description="Reason by source that could not be loaded.")
    quarantine: tuple[str, ...]
    coverage: Coverage
    weather_days: int
    weather_problems: dict[str, str]
    weather_forecasts: tuple[str, ...] = Field(
        (), description="Files of forecasts: they serve, what was observed trains."
    )
    notes: dict[str, tuple[str, ...]] = Field(
        {}, description="By file: what was converted, assumed, replaced or left out."
    )


def read_entry(store: ObjectStore, key: str) -> SourceEntry:
    """Return a source's entry.

    Raises:
        MissingObjectError: The source was never loaded.
        DataError: The entry is damaged.
    """
    try:
        return SourceEntry.model_validate_json(store.read(key).body)
    except ValidationError as err:
        raise DataError(
            f"{store.uri(key)} is not the entry of a source; delete it and load with `force`"
        ) from err


def write_entry(store: ObjectStore, key: str, entry: SourceEntry) -> None:
    """Write a source's entry."""
    store.write(key, entry.model_dump_json(indent=1).encode())


def sum_refused(files: Iterable[FileReport]) -> dict[Reason, int]:
    """Add up the refused rows by reason."""
    total: Counter[Reason] = Counter()
    for file in files:
        total.update(file.refused)
    return {reason: total[reason] for reason in Reason if total[reason]}


def notes_of(files: Iterable[FileReport]) -> dict[str, tuple[str, ...]]:
    """Return the notes of the files that have some, by name."""
    return {file.name: file.notes for file in files if file.notes}


def replaced_problem(before: SourceEntry | None, now: SourceEntry) -> str | None:
    """Tell which months went with the former content of a source; a few strays may come and go."""
    held = _kept(before.files if before else ())
    holds = _kept(now.files)
    lost = {month: n for month, n in held.items() if n > _STRAYS * held.total() and holds[month] < _MOST * n}
    if not lost:
        return None
    months = ", ".join(f"{n} of {month}" for month, n in sorted(lost.items()))
    return (
        f"a file of this name was loaded before, and its rides went with it: {months}; "
        "if both are wanted, load the former file under another name"
    )


def _kept(files: Iterable[FileReport]) -> Counter[str]:
    kept: Counter[str] = Counter()
    for file in files:
        kept.update(file.kept_by_month)
    return kept

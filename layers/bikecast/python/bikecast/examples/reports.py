"""Load reports: numbers that add up, one entry a source, one report a load."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bikecast.errors import DataError
from bikecast.examples.keys import entries_prefix, report_key
from bikecast.examples.sources import source_id
from bikecast.storage import MissingObjectError, ObjectStore


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileReport(_Part):
    """One file: ``rows`` = ``kept`` + the sum of ``refused``."""

    name: str
    encoding: str | None = Field(description="Of a text file; none for parquet.")
    rows: int
    kept: int
    refused: dict[str, int] = Field(description="Rows by the first rule or contract that they break.")
    unknown_levels: dict[str, dict[str, int]] = Field(
        description="By input, levels that the use case does not declare; kept as missing."
    )
    kept_by_partition: dict[str, int]


class SourceEntry(_Part):
    """What is known of one source: what it held when it was last good, and what its last load said."""

    source: str
    fingerprint: str | None = Field(None, description="Of its bytes and of the contract that judged them.")
    contract: str | None = Field(None, description="Fingerprint of the contract alone.")
    loaded_at: dt.datetime | None = Field(
        None, description="When these bytes first came: the newer row wins."
    )
    simulated: bool = False
    files: tuple[FileReport, ...] = ()
    rows: dict[str, str] = Field(default_factory=dict, description="Key of its kept rows by partition.")
    left_partitions: tuple[str, ...] = Field((), description="Partitions that an earlier state reached.")
    quarantine: str | None = None
    problem: str | None = Field(None, description="Why its last load failed; its last good state stays.")

    @property
    def partitions(self) -> set[str]:
        """Partitions that this source has a say in."""
        return {*self.rows, *self.left_partitions}


class PartitionReport(_Part):
    """One partition of the table; what the sources keep of it is ``rows`` + ``repeated`` + ``replaced``."""

    rows: int
    repeated: int = Field(description="Rows that came before, the same in every column.")
    replaced: int = Field(description="Rows of which a newer one with the same key came.")


class LoadReport(_Part):
    """Result of a load; stored beside the data and printed."""

    use_case: str
    status: str = Field(
        description="complete if all that was in the files is in the table or counted, else incomplete."
    )
    simulated: bool
    finished_at: dt.datetime
    rows: int
    kept: int
    refused: dict[str, int]
    files: tuple[FileReport, ...]
    unchanged: tuple[str, ...] = Field(description="Sources that were loaded before, byte by byte.")
    problems: dict[str, str] = Field(description="Why a source could not be loaded, and what to do.")
    quarantine: tuple[str, ...]
    partitions: dict[str, PartitionReport] = Field(description="Those that the load touched.")


def entry_key(use_case: str, source: str) -> str:
    """Key of a source's entry."""
    return f"{entries_prefix(use_case)}{source_id(source)}.json"


def read_entry(store: ObjectStore, key: str) -> SourceEntry | None:
    """Return a source's entry, None if it was never loaded.

    Raises:
        DataError: The entry is damaged.
    """
    try:
        return SourceEntry.model_validate_json(store.read(key).body)
    except MissingObjectError:
        return None
    except ValidationError as err:
        raise DataError(f"{store.uri(key)} is not an entry of a source; delete it and load again") from err


def read_entries(store: ObjectStore, use_case: str) -> list[SourceEntry]:
    """Return the entries of all sources in the order in which their rows count, the newest last."""
    keys = [key for key in store.keys(entries_prefix(use_case)) if key.endswith(".json")]
    entries = [entry for key in keys if (entry := read_entry(store, key)) is not None]
    oldest = dt.datetime.min.replace(tzinfo=dt.UTC)
    return sorted(entries, key=lambda entry: (entry.loaded_at or oldest, entry.source))


def write_model(store: ObjectStore, key: str, model: BaseModel) -> None:
    """Write an entry or a report."""
    store.write(key, model.model_dump_json(indent=1).encode())


def store_report(store: ObjectStore, report: LoadReport) -> None:
    """Keep a report under its time, and as the latest."""
    write_model(store, report_key(report.use_case, f"{report.finished_at:%Y-%m-%dT%H%M%S.%fZ}"), report)
    write_model(store, report_key(report.use_case), report)


def latest_report(store: ObjectStore, use_case: str) -> LoadReport | None:
    """Return the report of the latest load, None if nothing was loaded."""
    try:
        return LoadReport.model_validate_json(store.read(report_key(use_case)).body)
    except MissingObjectError:
        return None


def sum_refused(files: Iterable[FileReport]) -> dict[str, int]:
    """Add up the refused rows by reason, the most frequent first."""
    total: Counter[str] = Counter()
    for file in files:
        total.update(file.refused)
    return dict(total.most_common())

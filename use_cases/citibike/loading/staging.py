"""One source read, but not stored yet: what it holds, or why it cannot be read."""

import shutil
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from bikecast.examples.sources import Source, source_id
from bikecast.names import Prefix
from bikecast.storage import MissingObjectError, ObjectStore
from bikecast.tabular.archives import CsvFile, Limits, Members, UnreadableFileError, csv_files
from use_cases.citibike.loading.kinds import Kind, kind_of_file, kind_of_head
from use_cases.citibike.loading.reports import (
    ENTRIES,
    FileReport,
    SourceEntry,
    Status,
    read_entry,
    replaced_problem,
)
from use_cases.citibike.trips.lines import checksum
from use_cases.citibike.trips.quarantine import QuarantineWriter
from use_cases.citibike.trips.rules import RULES_VERSION
from use_cases.citibike.trips.scan import Scan, scan_file

_TABLES = Members(is_table=lambda head: kind_of_head(head) is not Kind.UNKNOWN)


@dataclass(frozen=True)
class Staged:
    """A source that is read but not stored yet; ``uploads`` are local files by key."""

    source: Source
    before: SourceEntry | None
    entry: SourceEntry
    uploads: dict[str, Path]
    is_unchanged: bool = False


@dataclass
class _Found:
    """What the files of a source hold."""

    files: list[FileReport] = field(default_factory=list)
    scans: list[Scan] = field(default_factory=list)
    weather: list[Path] = field(default_factory=list)


def stage(
    store: ObjectStore, month: str, source: Source, *, work: Path, force: bool, limits: Limits | None
) -> Staged:
    """Read a source, unless nothing changed since it was loaded.

    Args:
        store: Tells what was loaded before.
        month: Name of the group.
        source: The file.
        work: Empty folder for what is unpacked and written.
        force: Read it even if it has not changed.
        limits: What a zip may unpack to.
    """
    before = _entry_before(store, source)
    path = source.fetch(work)
    try:
        with ThreadPoolExecutor(max_workers=1) as beside:
            fingerprint = beside.submit(_fingerprint, path)
            if before is not None and not force and _is_unchanged(before, path, fingerprint):
                return Staged(
                    source,
                    before,
                    before.model_copy(update={"month": month, "problem": None}),
                    {},
                    is_unchanged=True,
                )
            return _read(
                source, month, path, work=work, fingerprint=fingerprint, before=before, limits=limits
            )
    except UnreadableFileError as err:
        kept = before or SourceEntry(source=source.name, month=month, status=Status.FAILED)
        failed = {"month": month, "status": Status.FAILED, "problem": str(err), "simulated": source.simulated}
        return Staged(source, before, kept.model_copy(update=failed), {})


def _fingerprint(path: Path) -> str:
    return f"{path.stat().st_size}-{checksum(path):08x}-rules-{RULES_VERSION}"


def _is_unchanged(before: SourceEntry, path: Path, fingerprint: Future[str]) -> bool:
    """Compare with what was loaded, waiting for the checksum only where the size is the same."""
    same_size = (before.fingerprint or "").startswith(f"{path.stat().st_size}-")
    return before.status is Status.LOADED and same_size and before.fingerprint == fingerprint.result()


def held_back(staged: Staged) -> Staged:
    """Return what is stored of a good source when another one of its month cannot be read."""
    if staged.entry.status is Status.FAILED or staged.is_unchanged:
        return staged
    before = staged.before or SourceEntry(
        source=staged.source.name, month=staged.entry.month, status=Status.HELD_BACK
    )
    why = "another file of its month cannot be read"
    entry = before.model_copy(
        update={"month": staged.entry.month, "status": Status.HELD_BACK, "problem": why}
    )
    return replace(staged, entry=entry, uploads={})


def entry_key(name: str) -> str:
    """Return the key of a source's entry."""
    return f"{ENTRIES}{source_id(name)}.json"


def _entry_before(store: ObjectStore, source: Source) -> SourceEntry | None:
    try:
        return read_entry(store, entry_key(source.name))
    except MissingObjectError:
        return None


def _read(
    source: Source,
    month: str,
    path: Path,
    *,
    work: Path,
    fingerprint: Future[str],
    before: SourceEntry | None,
    limits: Limits | None,
) -> Staged:
    quarantine = work / "quarantine.parquet"
    found = _Found()
    with QuarantineWriter(quarantine) as writer:
        for number, file in enumerate(csv_files(path, source.name, work, limits=limits, members=_TABLES)):
            name = source.name if file.member == source.name else f"{source.name}/{file.member}"
            _take(found, file, name, folder=work / f"scan-{number}", writer=writer)
    uploads = _rides_by_key(source, fingerprint.result(), found.scans)
    weather = _weather_by_key(source, fingerprint.result(), found.weather)
    entry = _loaded(
        source, month, fingerprint=fingerprint.result(), files=found.files, rides=uploads, weather=weather
    )
    if entry.quarantine is not None:
        uploads = uploads | {entry.quarantine: quarantine}
    left = (before.start_months if before else set()) - entry.start_months
    problem = replaced_problem(before, entry)
    entry = entry.model_copy(update={"left_months": tuple(sorted(left)), "problem": problem})
    return Staged(source, before, entry, uploads | weather)


def _take(found: _Found, file: CsvFile, name: str, *, folder: Path, writer: QuarantineWriter) -> None:
    folder.mkdir()
    if kind_of_file(file.path) is Kind.WEATHER:
        kept = folder / PurePosixPath(name).name
        shutil.copyfile(file.path, kept)
        found.weather.append(kept)
        return
    scans = _scan(file, name, folder=folder, writer=writer)
    found.scans += scans
    found.files += [_file_report(name, scan) for scan in scans]


def _weather_by_key(source: Source, fingerprint: str, files: Sequence[Path]) -> dict[str, Path]:
    """Weather that came among the trips is kept under its own name where the tables are made."""
    place = f"{Prefix.TRIPS}_weather/{source_id(source.name)}-{fingerprint}"
    return {f"{place}/{number:03d}-{path.name}": path for number, path in enumerate(files)}


def _rides_by_key(source: Source, fingerprint: str, scans: Sequence[Scan]) -> dict[str, Path]:
    identity = source_id(source.name)
    return {
        f"{Prefix.TRIPS}{start}/{identity}-{fingerprint}-{number:03d}.parquet": rides
        for number, scan in enumerate(scans)
        for start, rides in scan.rides.items()
    }


def _loaded(
    source: Source,
    month: str,
    *,
    fingerprint: str,
    files: list[FileReport],
    rides: Iterable[str],
    weather: Iterable[str],
) -> SourceEntry:
    has_refused = any(file.refused for file in files)
    return SourceEntry(
        source=source.name,
        month=month,
        status=Status.LOADED,
        fingerprint=fingerprint,
        simulated=source.simulated,
        files=tuple(files),
        rides=tuple(sorted(rides)),
        weather=tuple(sorted(weather)),
        quarantine=f"{Prefix.QUARANTINE}{source_id(source.name)}.parquet" if has_refused else None,
    )


def _scan(file: CsvFile, name: str, *, folder: Path, writer: QuarantineWriter) -> list[Scan]:
    try:
        return scan_file(file.path, name, folder, quarantine=writer)
    except UnreadableFileError as err:
        member = "" if file.member == name else f"{file.member}: "
        raise UnreadableFileError(f"{member}{err}") from err


def _file_report(name: str, scan: Scan) -> FileReport:
    return FileReport(
        name=f"{name} from line {scan.offset + 1}" if scan.offset else name,
        layout=scan.schema,
        rows=scan.rows,
        kept=scan.kept,
        refused=scan.refused,
        under_60_s=scan.under_60_s,
        kept_by_month=scan.kept_by_month,
        notes=scan.notes,
    )

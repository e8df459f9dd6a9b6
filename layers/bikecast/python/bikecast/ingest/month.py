"""Loading a group of trip files: every file is judged first, then all are stored, or none."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bikecast.ingest.archives import Limits, csv_files
from bikecast.ingest.layouts import UnreadableFileError
from bikecast.ingest.lines import checksum
from bikecast.ingest.quarantine import QuarantineWriter
from bikecast.ingest.reports import (
    ENTRIES,
    FileReport,
    MonthReport,
    SourceEntry,
    Status,
    read_entry,
    sum_refused,
    write_entry,
)
from bikecast.ingest.rules import RULES_VERSION
from bikecast.ingest.scan import Scan, scan_csv
from bikecast.ingest.sources import Source, source_id
from bikecast.names import Prefix
from bikecast.storage import MissingObjectError, ObjectStore


@dataclass(frozen=True)
class _Staged:
    """A source that is read but not stored yet; ``uploads`` are local files by key."""

    source: Source
    before: SourceEntry | None
    entry: SourceEntry
    uploads: dict[str, Path]
    is_unchanged: bool = False


def ingest_month(
    store: ObjectStore,
    month: str,
    sources: Sequence[Source],
    *,
    force: bool = False,
    limits: Limits | None = None,
    progress: Callable[[str], None] | None = None,
) -> MonthReport:
    """Keep the rides of one group of files, all of them or, if one cannot be read, none.

    Doing it again changes nothing. A file that changed replaces what it gave before.

    Args:
        store: The data bucket.
        month: Name of the group; what a file holds is told by its rows alone.
        sources: Files of the group.
        force: Read files again that have not changed.
        limits: What a zip may unpack to.
        progress: Called with the name of each file that has been read.
    """
    staged = []
    with tempfile.TemporaryDirectory(prefix="bikecast-ingest-") as folder:
        for number, source in enumerate(sources):
            work = Path(folder) / str(number)
            work.mkdir()
            staged.append(_stage(store, month, source, work=work, force=force, limits=limits))
            if progress is not None:
                progress(source.name)
        if any(one.entry.status is Status.FAILED for one in staged):
            staged = [_held_back(one) for one in staged]
        for one in staged:
            _store(store, one)
    return _report(month, staged)


def entry_key(name: str) -> str:
    """Return the key of a source's entry."""
    return f"{ENTRIES}{source_id(name)}.json"


def _stage(
    store: ObjectStore, month: str, source: Source, *, work: Path, force: bool, limits: Limits | None
) -> _Staged:
    before = _entry_before(store, source)
    path = source.fetch(work)
    fingerprint = f"{path.stat().st_size}-{checksum(path):08x}-rules-{RULES_VERSION}"
    good = before is not None and before.status is Status.LOADED and before.fingerprint == fingerprint
    if before is not None and good and not force:
        return _Staged(source, before, before.model_copy(update={"month": month}), {}, is_unchanged=True)
    try:
        return _read(source, month, path, work=work, fingerprint=fingerprint, before=before, limits=limits)
    except UnreadableFileError as err:
        kept = before or SourceEntry(source=source.name, month=month, status=Status.FAILED)
        failed = {"month": month, "status": Status.FAILED, "problem": str(err), "simulated": source.simulated}
        return _Staged(source, before, kept.model_copy(update=failed), {})


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
    fingerprint: str,
    before: SourceEntry | None,
    limits: Limits | None,
) -> _Staged:
    identity = source_id(source.name)
    quarantine = work / "quarantine.parquet"
    files: list[FileReport] = []
    uploads: dict[str, Path] = {}
    with QuarantineWriter(quarantine) as writer:
        for number, file in enumerate(csv_files(path, source.name, work, limits=limits)):
            name = source.name if file.member == source.name else f"{source.name}/{file.member}"
            scan = _scan(file.path, name, folder=work / f"scan-{number}", writer=writer)
            files.append(_file_report(name, scan))
            state = f"{identity}-{fingerprint}-{number:03d}"
            uploads |= {
                f"{Prefix.TRIPS}{start}/{state}.parquet": rides for start, rides in scan.rides.items()
            }
    entry = _loaded(source, month, fingerprint=fingerprint, files=files, rides=uploads)
    if entry.quarantine is not None:
        uploads = uploads | {entry.quarantine: quarantine}
    left = (before.start_months if before else set()) - entry.start_months
    return _Staged(source, before, entry.model_copy(update={"left_months": tuple(sorted(left))}), uploads)


def _loaded(
    source: Source, month: str, *, fingerprint: str, files: list[FileReport], rides: Iterable[str]
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
        quarantine=f"{Prefix.QUARANTINE}{source_id(source.name)}.parquet" if has_refused else None,
    )


def _scan(path: Path, name: str, *, folder: Path, writer: QuarantineWriter) -> Scan:
    folder.mkdir()
    try:
        return scan_csv(path, name, folder, quarantine=writer)
    except UnreadableFileError as err:
        raise UnreadableFileError(f"{name}: {err}") from err


def _file_report(name: str, scan: Scan) -> FileReport:
    return FileReport(
        name=name,
        layout=scan.schema,
        rows=scan.rows,
        kept=scan.kept,
        refused=scan.refused,
        under_60_s=scan.under_60_s,
        kept_by_month=scan.kept_by_month,
    )


def _held_back(staged: _Staged) -> _Staged:
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


def _store(store: ObjectStore, staged: _Staged) -> None:
    """Write the rides, then the entry that makes them count, then remove what it no longer names."""
    for key, path in staged.uploads.items():
        store.upload(path, key)
    write_entry(store, entry_key(staged.source.name), staged.entry)
    if staged.entry.status is Status.LOADED and staged.before is not None:
        for key in {*staged.before.rides} - {*staged.entry.rides}:
            store.delete(key)
        if staged.before.quarantine and staged.entry.quarantine is None:
            store.delete(staged.before.quarantine)


def _report(month: str, staged: list[_Staged]) -> MonthReport:
    files = [file for one in staged if one.entry.status is Status.LOADED for file in one.entry.files]
    return MonthReport(
        month=month,
        rows=sum(file.rows for file in files),
        kept=sum(file.kept for file in files),
        refused=sum_refused(files),
        unchanged=tuple(one.source.name for one in staged if one.is_unchanged),
        problems={one.source.name: one.entry.problem for one in staged if one.entry.problem is not None},
    )

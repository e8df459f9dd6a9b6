"""Loading a group of trip files: every file is judged first, then all are stored, or none."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bikecast.examples.sources import Source
from bikecast.storage import ObjectStore
from bikecast.tabular.archives import Limits
from use_cases.citibike.loading.reports import MonthReport, Status, notes_of, sum_refused, write_entry
from use_cases.citibike.loading.staging import Staged, entry_key, held_back, stage


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
            staged.append(stage(store, month, source, work=work, force=force, limits=limits))
            if progress is not None:
                progress(source.name)
        if any(one.entry.status is Status.FAILED for one in staged):
            staged = [held_back(one) for one in staged]
        for one in staged:
            _store(store, one)
    return _report(month, staged)


def _store(store: ObjectStore, staged: Staged) -> None:
    """Write the rides, then the entry that makes them count, then remove what it no longer names."""
    for key, path in staged.uploads.items():
        store.upload(path, key)
    write_entry(store, entry_key(staged.source.name), staged.entry)
    if staged.entry.status is Status.LOADED and staged.before is not None:
        for key in {*staged.before.rides} - {*staged.entry.rides}:
            store.delete(key)
        if staged.before.quarantine and staged.entry.quarantine is None:
            store.delete(staged.before.quarantine)


def _report(month: str, staged: list[Staged]) -> MonthReport:
    files = [file for one in staged if one.entry.status is Status.LOADED for file in one.entry.files]
    return MonthReport(
        month=month,
        rows=sum(file.rows for file in files),
        kept=sum(file.kept for file in files),
        refused=sum_refused(files),
        unchanged=tuple(one.source.name for one in staged if one.is_unchanged),
        problems={one.source.name: one.entry.problem for one in staged if one.entry.problem is not None},
        notes=notes_of(files),
    )

"""Files of a use case into its checked table: each source is staged, then partitions are written."""

import datetime as dt
from collections.abc import Callable, Collection, Sequence

from bikecast.errors import DataError
from bikecast.examples.merging import merge_partition
from bikecast.examples.reports import (
    LoadReport,
    SourceEntry,
    entry_key,
    read_entries,
    store_report,
    sum_refused,
)
from bikecast.examples.sources import Source
from bikecast.examples.staging import stage
from bikecast.storage import ObjectStore
from bikecast.use_case import UseCase


def load_files(
    store: ObjectStore,
    use_case: UseCase,
    sources: Sequence[Source],
    *,
    now: dt.datetime | None = None,
    force: bool = False,
    replace_simulated: bool = False,
    progress: Callable[[str], None] | None = None,
) -> LoadReport:
    """Load files into the table of a use case. Loading again, in any order, changes nothing.

    A file that changed replaces what it gave before. One that cannot be read leaves what it gave before,
    while the others are loaded; the report then says *incomplete* and names it.

    Args:
        store: The data bucket.
        use_case: Whose rows the files hold.
        sources: The files.
        now: Aware instant of the load.
        force: Read files again that have not changed.
        replace_simulated: What the simulator gave goes, once one of the files gave a row.
        progress: Called with the name of each file that has been read.
    Raises:
        DataError: Simulated rows would go, and none came.
    """
    now = now or dt.datetime.now(dt.UTC)
    unchanged = []
    for source in sources:
        _, same = stage(store, use_case, source, now=now, force=force)
        unchanged += [source.name] if same else []
        if progress is not None:
            progress(source.name)
    if replace_simulated:
        _require_rows(store, use_case, {source.name for source in sources})
        forget_simulated(store, use_case)
    return publish(store, use_case, [source.name for source in sources], unchanged=unchanged, now=now)


def _require_rows(store: ObjectStore, use_case: UseCase, sources: Collection[str]) -> None:
    entries = read_entries(store, use_case.name)
    came = [entry for entry in entries if entry.source in sources]
    gave = any(entry.rows and not entry.problem for entry in came)
    if any(entry.simulated for entry in entries) and not gave:
        told = "; ".join(f"{entry.source}: {entry.problem or 'every row was refused'}" for entry in came)
        raise DataError(f"no row was loaded, and the simulated rows stay: {told}"[:2000])


def publish(
    store: ObjectStore,
    use_case: UseCase,
    sources: Collection[str],
    *,
    unchanged: Collection[str] = (),
    now: dt.datetime | None = None,
) -> LoadReport:
    """Write the partitions that staged sources reach, and the report.

    Args:
        store: The data bucket.
        use_case: Whose table it is.
        sources: Names of the sources given to ``stage``.
        unchanged: Those of them that were loaded before, byte by byte.
        now: Aware instant of the report.
    """
    entries = read_entries(store, use_case.name)
    touched = [entry for entry in entries if entry.source in set(sources)]
    partitions = sorted({partition for entry in touched for partition in entry.partitions})
    merged = {name: merge_partition(store, use_case, name, entries=entries) for name in partitions}
    files = [file for entry in touched if entry.problem is None for file in entry.files]
    problems = {entry.source: entry.problem for entry in touched if entry.problem is not None}
    report = LoadReport(
        use_case=use_case.name,
        status="incomplete" if problems else "complete",
        simulated=any(entry.simulated for entry in touched),
        finished_at=now or dt.datetime.now(dt.UTC),
        rows=sum(file.rows for file in files),
        kept=sum(file.kept for file in files),
        refused=sum_refused(files),
        files=tuple(files),
        unchanged=tuple(sorted(unchanged)),
        problems=problems,
        quarantine=tuple(sorted(store.uri(entry.quarantine) for entry in touched if entry.quarantine)),
        partitions=merged,
    )
    store_report(store, report)
    return report


def forget_simulated(store: ObjectStore, use_case: UseCase) -> list[str]:
    """Take what the simulator gave out of the table, and return the names of its files."""
    entries = read_entries(store, use_case.name)
    simulated = [entry for entry in entries if entry.simulated]
    others = [entry for entry in entries if not entry.simulated]
    for partition in sorted({name for entry in simulated for name in entry.partitions}):
        merge_partition(store, use_case, partition, entries=others)
    for entry in simulated:
        _forget(store, use_case, entry)
    return [entry.source for entry in simulated]


def _forget(store: ObjectStore, use_case: UseCase, entry: SourceEntry) -> None:
    left = [*entry.rows.values(), *([entry.quarantine] if entry.quarantine else [])]
    for key in (*left, entry_key(use_case.name, entry.source)):
        store.delete(key)

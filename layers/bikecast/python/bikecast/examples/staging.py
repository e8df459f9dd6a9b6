"""One source judged and kept beside the table: its rows by partition, its refused rows, and what it held."""

import datetime as dt
import hashlib
import tempfile
from pathlib import Path

import pandas as pd

from bikecast.errors import InputError
from bikecast.examples.keys import entries_prefix, quarantine_key
from bikecast.examples.reading.files import members
from bikecast.examples.reading.judging import Judged, judge_file
from bikecast.examples.reports import (
    FileReport,
    SourceEntry,
    entry_key,
    read_entries,
    read_entry,
    write_model,
)
from bikecast.examples.sources import Source, source_id
from bikecast.storage import ObjectStore
from bikecast.use_case import UseCase
from bikecast.yearly import write_parquet

# Part of a source's fingerprint: raise it when files are judged differently, so that they are read again.
_VERSION = 1


def stage(
    store: ObjectStore, use_case: UseCase, source: Source, *, now: dt.datetime, force: bool = False
) -> tuple[SourceEntry, bool]:
    """Judge one source and keep what it gives; one that cannot be read leaves its last good state.

    Args:
        store: The data bucket.
        use_case: Whose rows the source holds.
        source: A file.
        now: Aware instant of the load.
        force: Read it again although neither it nor the declaration has changed.
    Returns:
        The source's entry, and whether it was unchanged.
    """
    key = entry_key(use_case.name, source.name)
    before = read_entry(store, key) or SourceEntry(source=source.name)
    with tempfile.TemporaryDirectory(prefix="bikecast-load-") as folder:
        try:
            path = source.fetch(Path(folder))
            fingerprint = _fingerprint(path, use_case)
            if before.fingerprint == fingerprint and not before.problem and not force:
                _note_contract(store, key, before, use_case)
                return before, True
            entry = _staged(store, use_case, source, before, path, fingerprint, now)
        except InputError as err:
            entry = before.model_copy(update={"problem": str(err)})
    write_model(store, key, entry)
    _drop_left(store, before, entry)
    return entry, False


def judged_otherwise(store: ObjectStore, use_case: UseCase) -> frozenset[str]:
    """Return the sources whose rows another declaration judged: they must be read again to be merged."""
    contract = _contract(use_case)
    entries = read_entries(store, use_case.name)
    return frozenset(entry.source for entry in entries if entry.rows and entry.contract != contract)


def _note_contract(store: ObjectStore, key: str, entry: SourceEntry, use_case: UseCase) -> None:
    """Remember what the fingerprint says already, for an entry that older code wrote."""
    if entry.contract is None:
        write_model(store, key, entry.model_copy(update={"contract": _contract(use_case)}))


def _staged(
    store: ObjectStore,
    use_case: UseCase,
    source: Source,
    before: SourceEntry,
    path: Path,
    fingerprint: str,
    now: dt.datetime,
) -> SourceEntry:
    judged = _judge_members(path, source.name, use_case)
    same = before.fingerprint == fingerprint and before.loaded_at is not None
    rows = _write_rows(store, use_case, source, [one for one, _ in judged], fingerprint)
    return SourceEntry(
        source=source.name,
        fingerprint=fingerprint,
        contract=_contract(use_case),
        loaded_at=before.loaded_at if same else now,
        simulated=source.simulated,
        files=tuple(report for _, report in judged),
        rows=rows,
        left_partitions=tuple(sorted(before.partitions - {*rows})),
        quarantine=_write_refused(store, use_case, source, [one for one, _ in judged]),
    )


def _judge_members(path: Path, name: str, use_case: UseCase) -> list[tuple[Judged, FileReport]]:
    judged = []
    with tempfile.TemporaryDirectory(prefix="bikecast-members-") as work:
        for member in members(path, name, Path(work)):
            try:
                judged.append(judge_file(member.path, member.name, use_case))
            except InputError as err:
                raise err if member.name == name else InputError(f"{member.name}: {err}") from err
    return judged


def _write_rows(
    store: ObjectStore, use_case: UseCase, source: Source, judged: list[Judged], fingerprint: str
) -> dict[str, str]:
    folder = f"{entries_prefix(use_case.name)}{source_id(source.name)}/{fingerprint[:12]}"
    keys = {}
    for partition in sorted({partition for one in judged for partition in one.kept}):
        keys[partition] = f"{folder}/{partition}.parquet"
        frames = [frame for one in judged for frame in one.kept.get(partition, [])]
        write_parquet(store, keys[partition], pd.concat(frames, ignore_index=True))
    return keys


def _write_refused(store: ObjectStore, use_case: UseCase, source: Source, judged: list[Judged]) -> str | None:
    refused = [frame for one in judged for frame in one.refused]
    if not refused:
        return None
    key = quarantine_key(use_case.name, source_id(source.name))
    write_parquet(store, key, pd.concat(refused, ignore_index=True))
    return key


def _drop_left(store: ObjectStore, before: SourceEntry, entry: SourceEntry) -> None:
    """Remove what the entry no longer names; it is written by now."""
    left = {*before.rows.values()} - {*entry.rows.values()}
    if before.quarantine and entry.quarantine is None:
        left.add(before.quarantine)
    for key in left:
        store.delete(key)


def _fingerprint(path: Path, use_case: UseCase) -> str:
    digest = hashlib.sha256(_declared(use_case).encode())
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _contract(use_case: UseCase) -> str:
    return hashlib.sha256(_declared(use_case).encode()).hexdigest()


def _declared(use_case: UseCase) -> str:
    examples = use_case.examples
    rules = [(rule.name, rule.sentence) for rule in examples.rules]
    parts = (_VERSION, examples.key, examples.time, examples.partition, use_case.inputs, use_case.task, rules)
    return repr(parts)

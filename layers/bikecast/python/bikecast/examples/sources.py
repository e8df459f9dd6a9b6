"""Where files come from: a bucket or a folder; the same name in both is the same source."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bikecast.examples.keys import raw_prefix
from bikecast.names import SIMULATED_MARKER
from bikecast.storage import ObjectStore

TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".gz")


class Source(Protocol):
    """One file as it came."""

    @property
    def name(self) -> str:
        """Path below ``files/<use case>/`` or below the folder: what makes it the same source next time."""
        ...

    @property
    def simulated(self) -> bool:
        """Whether a simulator wrote it."""
        ...

    def fetch(self, folder: Path) -> Path:
        """Return a local copy, in ``folder`` or where it is."""
        ...


@dataclass(frozen=True)
class StoredFile:
    """A file in the data bucket."""

    store: ObjectStore
    key: str
    name: str
    simulated: bool = False

    def fetch(self, folder: Path) -> Path:
        path = folder / "source"
        self.store.download(self.key, path)
        return path


@dataclass(frozen=True)
class LocalFile:
    """A file on this machine."""

    path: Path
    name: str
    simulated: bool = False

    def fetch(self, folder: Path) -> Path:  # noqa: ARG002 - it is there already
        return self.path


def stored_files(store: ObjectStore, use_case: str, names: Iterable[str] | None = None) -> list[StoredFile]:
    """Return files under ``files/<use case>/``: those named, or all."""
    prefix = raw_prefix(use_case)
    present = [key.removeprefix(prefix) for key in store.keys(prefix)]
    wanted = sorted(names) if names is not None else [name for name in present if is_table_file(name)]
    marked = marked_folders(present)
    return [StoredFile(store, prefix + name, name, simulated=is_below(name, marked)) for name in wanted]


def folder_files(folder: Path) -> list[LocalFile]:
    """Return the files of a folder and the folders below it that may hold tables."""
    present = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    marked = marked_folders(present)
    return [
        LocalFile(folder / name, name, simulated=is_below(name, marked))
        for name in present
        if is_table_file(name)
    ]


def is_table_file(name: str) -> bool:
    """Tell files that may hold tables from what systems leave behind."""
    return name.lower().endswith((*TABLE_SUFFIXES, ".zip")) and not is_hidden(name)


def source_id(name: str) -> str:
    """Return a short name for keys that tells sources of one file name apart."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", name.rsplit("/", 1)[-1].split(".")[0]).strip("-")[:60]
    return f"{stem}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def mark_simulated(folder: Path, **details: object) -> None:
    """Write the simulator's mark beside its files, with what it was asked for."""
    body = json.dumps({"simulated": True} | details, default=str, indent=2)
    (folder / SIMULATED_MARKER).write_text(f"{body}\n")


def marked_folders(names: Iterable[str]) -> list[str]:
    """Return the folders, each with its slash, in which the simulator's mark lies."""
    return [name.removesuffix(SIMULATED_MARKER) for name in names if name.split("/")[-1] == SIMULATED_MARKER]


def is_below(name: str, folders: Iterable[str]) -> bool:
    """Tell whether a file lies in one of the folders."""
    return any(name.startswith(folder) for folder in folders)


def is_hidden(name: str) -> bool:
    """Tell what systems leave behind, or keep for themselves."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))

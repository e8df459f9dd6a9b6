"""Where files come from: a bucket or a folder; the same name in both is the same source."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bikecast.names import RAW_WEATHER_PREFIX, SIMULATED_MARKER, Prefix
from bikecast.storage import ObjectStore

WEATHER_FOLDER = RAW_WEATHER_PREFIX.removeprefix(Prefix.RAW)
_TABLE_SUFFIXES = (".zip", ".csv", ".tsv", ".gz")


class Source(Protocol):
    """One file of trips."""

    @property
    def name(self) -> str:
        """Path below ``raw/`` or below the folder: what makes it the same source next time."""
        ...

    @property
    def simulated(self) -> bool:
        """Whether a simulator wrote it."""
        ...

    def fetch(self, folder: Path) -> Path:
        """Return a local copy, in ``folder`` or where it is."""
        ...


@dataclass(frozen=True)
class StoredSource:
    """A file under ``raw/`` in the data bucket."""

    store: ObjectStore
    key: str
    simulated: bool = False

    @property
    def name(self) -> str:
        return self.key.removeprefix(Prefix.RAW)

    def fetch(self, folder: Path) -> Path:
        path = folder / "source"
        self.store.download(self.key, path)
        return path


@dataclass(frozen=True)
class LocalSource:
    """A file in a folder."""

    path: Path
    name: str
    simulated: bool = False

    def fetch(self, folder: Path) -> Path:  # noqa: ARG002 - it is there already
        return self.path


def stored_sources(store: ObjectStore, keys: Iterable[str] | None = None) -> list[StoredSource]:
    """Return trip files of the bucket: those named, or all under ``raw/``."""
    present = [key for key in store.keys(Prefix.RAW) if keys is None or key.endswith(SIMULATED_MARKER)]
    wanted = sorted(keys) if keys is not None else [key for key in present if is_trip_file(key)]
    marked = [key.removesuffix(SIMULATED_MARKER) for key in present if key.endswith(SIMULATED_MARKER)]
    return [StoredSource(store, key, simulated=_is_below(key, marked)) for key in wanted]


def folder_sources(folder: Path) -> list[LocalSource]:
    """Return the trip files of a folder and the folders below it."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    marked = [name.removesuffix(SIMULATED_MARKER) for name in names if name.endswith(SIMULATED_MARKER)]
    trips = [name for name in names if is_trip_file(name)]
    return [LocalSource(folder / name, name, simulated=_is_below(name, marked)) for name in trips]


def is_trip_file(name: str) -> bool:
    """Tell files that may hold trips from weather, and from what systems leave behind, by where they are."""
    below = name.removeprefix(Prefix.RAW)
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in below.split("/"))
    return below.lower().endswith(_TABLE_SUFFIXES) and not hidden and not below.startswith(WEATHER_FOLDER)


def source_id(name: str) -> str:
    """Return a short name for keys that tells sources of one file name apart."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", name.rsplit("/", 1)[-1].split(".")[0]).strip("-")[:60]
    return f"{stem}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def _is_below(name: str, folders: list[str]) -> bool:
    return any(name.startswith(folder) for folder in folders)

"""Trip files of a bucket or a folder; the same name in both is the same source."""

from collections.abc import Iterable
from pathlib import Path

from bikecast.examples.sources import LocalFile, StoredFile, is_below, is_hidden, marked_folders
from bikecast.names import SIMULATED_MARKER, Prefix
from bikecast.storage import ObjectStore
from use_cases.citibike.keys import RAW_WEATHER_PREFIX

WEATHER_FOLDER = RAW_WEATHER_PREFIX.removeprefix(Prefix.RAW)
_TABLE_SUFFIXES = (".zip", ".csv", ".tsv", ".gz")


def stored_sources(store: ObjectStore, keys: Iterable[str] | None = None) -> list[StoredFile]:
    """Return trip files of the bucket: those named, or all under ``raw/``."""
    present = [key for key in store.keys(Prefix.RAW) if keys is None or key.endswith(SIMULATED_MARKER)]
    wanted = sorted(keys) if keys is not None else [key for key in present if is_trip_file(key)]
    marked = marked_folders(present)
    return [
        StoredFile(store, key, key.removeprefix(Prefix.RAW), simulated=is_below(key, marked))
        for key in wanted
    ]


def folder_sources(folder: Path) -> list[LocalFile]:
    """Return the trip files of a folder and the folders below it."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    marked = marked_folders(names)
    trips = [name for name in names if is_trip_file(name)]
    return [LocalFile(folder / name, name, simulated=is_below(name, marked)) for name in trips]


def is_trip_file(name: str) -> bool:
    """Tell files that may hold trips from weather, and from what systems leave behind, by where they are."""
    below = name.removeprefix(Prefix.RAW)
    is_table = below.lower().endswith(_TABLE_SUFFIXES) and not is_hidden(below)
    return is_table and not below.startswith(WEATHER_FOLDER)

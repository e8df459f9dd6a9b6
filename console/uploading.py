"""The publishers' own files on their way to ``raw/``."""

from collections.abc import Iterable
from pathlib import Path

from bikecast.names import SIMULATED_MARKER_KEY, Prefix
from console import ui
from console.buckets import Bucket
from console.sources import Source

RAW_WEATHER = f"{Prefix.RAW}weather/"


def upload_files(bucket: Bucket, source: Source) -> list[str]:
    """Upload the publishers' files under ``raw/`` and return the keys of trips and weather.

    What is there already is left alone.
    """
    files = raw_keys(source)
    _upload_all(bucket, files)
    return [key for _, key in files if key != SIMULATED_MARKER_KEY]


def raw_keys(source: Source) -> list[tuple[Path, str]]:
    """Return the publishers' files of a source, its marker included, with their keys."""
    trips = [(path, f"{Prefix.RAW}{path.relative_to(source.root).as_posix()}") for path in source.trips]
    weather = (*source.raw_weather, *source.weather.values())
    marker = [(source.marker, SIMULATED_MARKER_KEY)] if source.marker else []
    return [*trips, *((path, f"{RAW_WEATHER}{path.name}") for path in weather), *marker]


def upload_weather(bucket: Bucket, path: Path) -> str:
    """Upload one weather file and return its key."""
    key = f"{RAW_WEATHER}{path.name}"
    bucket.put(path, key)
    return key


def _upload_all(bucket: Bucket, files: Iterable[tuple[Path, str]]) -> None:
    todo = list(files)
    size = sum(path.stat().st_size for path, _ in todo)
    with ui.activity(f"uploading {len(todo)} files, {size / 1e6:,.1f} MB") as current:
        fresh = 0
        for number, (path, key) in enumerate(todo, start=1):
            current.update(f"{number} of {len(todo)} {path.name}")
            fresh += bucket.put(path, key)
        current.update(f"{len(todo) - fresh} were there already" if fresh < len(todo) else "")

"""The publishers' own files on their way to ``raw/``."""

from pathlib import Path

from bikecast.names import RAW_WEATHER_PREFIX, SIMULATED_MARKER_KEY, Prefix
from console import ui
from console.buckets import Bucket
from console.sources import Source


def upload_files(bucket: Bucket, source: Source) -> list[str]:
    """Upload the publishers' files, and the simulator's mark, and return the keys of trips and weather.

    What is there already is left alone.
    """
    files = raw_keys(source)
    _upload_all(bucket, files | marker_key(source))
    return list(files.values())


def raw_keys(source: Source) -> dict[Path, str]:
    """Return where trips and weather stand under ``raw/``."""
    trips = {path: f"{Prefix.RAW}{path.relative_to(source.root).as_posix()}" for path in source.trips}
    weather = (*source.raw_weather, *source.weather.values())
    return trips | {path: f"{RAW_WEATHER_PREFIX}{path.name}" for path in weather}


def marker_key(source: Source) -> dict[Path, str]:
    """Return where the simulator's mark stands, if the source has one."""
    return {source.marker: SIMULATED_MARKER_KEY} if source.marker else {}


def upload_weather(bucket: Bucket, path: Path) -> str:
    """Upload one weather file and return its key."""
    key = f"{RAW_WEATHER_PREFIX}{path.name}"
    bucket.put(path, key)
    return key


def _upload_all(bucket: Bucket, files: dict[Path, str]) -> None:
    size = sum(path.stat().st_size for path in files)
    with ui.activity(f"uploading {len(files)} files, {size / 1e6:,.1f} MB") as current:
        fresh = 0
        for number, (path, key) in enumerate(files.items(), start=1):
            current.update(f"{number} of {len(files)} {path.name}")
            fresh += bucket.put(path, key)
        current.update(f"{len(files) - fresh} were there already" if fresh < len(files) else "")

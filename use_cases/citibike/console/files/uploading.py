"""Upload of the publishers' files to ``raw/``."""

import os
import unicodedata
from pathlib import Path

from bikecast.errors import InputError
from bikecast.names import SIMULATED_MARKER_KEY, Prefix
from console.data.buckets import Bucket, upload_all
from use_cases.citibike.console.files.sources import Source
from use_cases.citibike.keys import FORECAST_PREFIX, RAW_WEATHER_PREFIX

# Control characters, and what stands for bytes that are not UTF-8.
NO_TEXT = ("Cc", "Cs")


def upload_files(bucket: Bucket, source: Source) -> list[str]:
    """Upload the publishers' files, and the simulator's mark, and return the keys of trips and weather.

    What is there already is left alone.
    """
    files = raw_keys(source)
    upload_all(bucket, files | marker_key(source))
    return list(files.values())


def raw_keys(source: Source) -> dict[Path, str]:
    """Return where trips and weather stand under ``raw/``, each with its path below the source.

    Raises:
        InputError: Two files would stand at one key.
    """
    trips = {path: f"{Prefix.RAW}{_below(path, source)}" for path in source.trips}
    weather = (*source.raw_weather, *source.weather.values())
    return _distinct(trips | {path: f"{RAW_WEATHER_PREFIX}{_below(path, source)}" for path in weather})


def _below(path: Path, source: Source) -> str:
    """Return a file's path below its source; not its folder but its content tells whether it is weather."""
    name = path.relative_to(source.root).as_posix().removeprefix("weather/")
    if any(unicodedata.category(character) in NO_TEXT for character in name):
        raise InputError(
            f"{os.fsencode(path)!r}: the name holds control characters or is not UTF-8: rename the file"
        )
    return name


def _distinct(keys: dict[Path, str]) -> dict[Path, str]:
    """Return the keys if no two files share one.

    Raises:
        InputError: Two files would overwrite each other; both are named.
    """
    owners: dict[str, Path] = {}
    for path, key in keys.items():
        if key in owners:
            raise InputError(f"{owners[key]} and {path} would both be stored at {key}: rename one of them")
        owners[key] = path
    return keys


def marker_key(source: Source) -> dict[Path, str]:
    """Return where the simulator's mark stands, if the source has one."""
    return {source.marker: SIMULATED_MARKER_KEY} if source.marker else {}


def upload_forecast(bucket: Bucket, path: Path) -> str:
    """Upload one file of forecasts, which never trains, and return its key."""
    key = f"{FORECAST_PREFIX}{path.name}"
    bucket.put(path, key)
    return key

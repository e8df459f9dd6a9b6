"""Recognising what a person points at: processed tables, or the publisher's own files."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bikecast.errors import InputError
from bikecast.names import SIMULATED_MARKER

HOURLY_NAME = re.compile(r"^(\d{4})-citibike-tripdata\.parquet$")
WEATHER_NAME = re.compile(r"^(\d{4})-weather\.parquet$")


@dataclass(frozen=True)
class Source:
    """Files by what they are; a folder with processed tables is taken for these alone.

    ``hourly`` and ``weather`` are processed tables by year, the others the publishers' own files.
    """

    root: Path
    hourly: dict[int, Path] = field(default_factory=dict)
    weather: dict[int, Path] = field(default_factory=dict)
    trips: tuple[Path, ...] = ()
    raw_weather: tuple[Path, ...] = ()
    marker: Path | None = None

    @property
    def is_processed(self) -> bool:
        """Whether it holds processed hourly tables."""
        return bool(self.hourly)

    @property
    def is_simulated(self) -> bool:
        """Whether the simulator made it."""
        return self.marker is not None


def recognise(path: Path) -> Source:
    """Look through a folder, or at one file.

    Raises:
        InputError: There is nothing that can be loaded.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist")
    files = [path] if path.is_file() else sorted(_visible(path))
    source = Source(
        root=path if path.is_dir() else path.parent,
        hourly=_one_per_year(files, HOURLY_NAME),
        weather=_one_per_year(files, WEATHER_NAME),
        trips=tuple(file for file in files if _is_trips(file)),
        raw_weather=tuple(file for file in files if _is_raw_weather(file)),
        marker=next((file for file in files if file.name == SIMULATED_MARKER), None),
    )
    if not (source.hourly or source.weather or source.trips or source.raw_weather):
        raise InputError(
            f"nothing to load in {path}: it should hold trip files (*.zip, *.csv) with weather*.csv|parquet, "
            "or processed tables (YYYY-citibike-tripdata.parquet, YYYY-weather.parquet)"
        )
    return source


def of_names(names: Iterable[str], *, shown: str) -> Source:
    """Recognise the publishers' files by their names alone.

    Args:
        names: Paths below one place.
        shown: What errors call the place.
    Raises:
        InputError: There is nothing that can be loaded.
    """
    files = [Path(name) for name in sorted(names)]
    source = Source(
        root=Path(),
        trips=tuple(file for file in files if _is_trips(file)),
        raw_weather=tuple(file for file in files if _is_raw_weather(file) or WEATHER_NAME.match(file.name)),
        marker=next((file for file in files if file.name == SIMULATED_MARKER), None),
    )
    if not (source.trips or source.raw_weather):
        raise InputError(f"nothing to load in {shown}: it should hold trip files (*.zip, *.csv) or weather")
    return source


def _visible(folder: Path) -> Iterable[Path]:
    return (
        file
        for file in folder.rglob("*")
        if file.is_file() and not any(part.startswith((".", "__")) for part in file.relative_to(folder).parts)
    )


def _one_per_year(files: list[Path], pattern: re.Pattern[str]) -> dict[int, Path]:
    found: dict[int, Path] = {}
    for file in files:
        match = pattern.match(file.name)
        if match:
            year = int(match[1])
            found[year] = _richer(found.get(year), file)
    return found


def _richer(known: Path | None, other: Path) -> Path:
    if known is None:
        return other
    return max(known, other, key=_n_columns)


def _n_columns(file: Path) -> int:
    import pyarrow.parquet as pq

    try:
        return len(pq.read_schema(file).names)
    except (OSError, ValueError):
        return 0


def _is_trips(file: Path) -> bool:
    return file.suffix.lower() in (".zip", ".csv") and not _speaks_of_weather(file)


def _speaks_of_weather(file: Path) -> bool:
    return "weather" in file.name.lower() or file.parent.name.lower() == "weather"


def _is_raw_weather(file: Path) -> bool:
    named = _speaks_of_weather(file) and not WEATHER_NAME.match(file.name)
    return named and file.suffix.lower() in (".csv", ".parquet")

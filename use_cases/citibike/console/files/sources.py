"""Recognising a path that a person gives: processed tables, or the publisher's files."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bikecast.errors import InputError
from bikecast.names import SIMULATED_MARKER
from use_cases.citibike.loading.kinds import Kind, kind_of_file

HOURLY_NAME = re.compile(r"^(\d{4})-citibike-tripdata\.parquet$")
WEATHER_NAME = re.compile(r"^(\d{4})-weather\.parquet$")
# Files with other suffixes are taken if they hold trips or weather, and else left alone.
_TABLE_SUFFIXES = (".zip", ".csv", ".tsv", ".gz", ".xlsx", ".xls")
_MOST_OF_A_TABLE = 0.9


@dataclass(frozen=True)
class Source:
    """Files by what they are; a folder with processed tables is taken for these alone.

    ``hourly`` and ``weather`` are processed tables by year, the others the publishers' own files;
    ``left_alone`` are files that are none of these.
    """

    root: Path
    hourly: dict[int, Path] = field(default_factory=dict)
    weather: dict[int, Path] = field(default_factory=dict)
    trips: tuple[Path, ...] = ()
    raw_weather: tuple[Path, ...] = ()
    marker: Path | None = None
    left_alone: tuple[Path, ...] = ()

    @property
    def is_processed(self) -> bool:
        """Whether it holds processed hourly tables."""
        return bool(self.hourly)

    @property
    def not_loaded(self) -> tuple[Path, ...]:
        """Files that a load of this source leaves out: beside processed tables also what they are made of."""
        return (*self.left_alone, *(self.trips + self.raw_weather if self.is_processed else ()))

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
    kinds = {file: _kind(file) for file in files if file.is_file()}
    source = _of_kinds(kinds, root=path if path.is_dir() else path.parent)
    source = replace(source, left_alone=(*source.left_alone, *(file for file in files if not file.is_file())))
    if not (source.hourly or source.weather or source.trips or source.raw_weather):
        raise InputError(
            f"nothing to load in {path}: it should hold trip files (*.zip, *.csv) with weather*.csv|parquet, "
            "or processed tables (YYYY-citibike-tripdata.parquet, YYYY-weather.parquet)"
        )
    return source


def of_names(
    names: Iterable[str], *, shown: str, kind_of: Callable[[str], Kind] = lambda _: Kind.UNKNOWN
) -> Source:
    """Recognise the publishers' files in a bucket.

    Args:
        names: Paths below one place.
        shown: What errors call the place.
        kind_of: Tells by content what a file holds; its name decides where that is unknown.
    Raises:
        InputError: There is nothing that can be loaded.
    """
    files = {Path(name): kind_of(name) for name in sorted(names)}
    source = Source(
        root=Path(),
        trips=tuple(file for file, kind in files.items() if _is_trips(file, kind)),
        raw_weather=tuple(
            file
            for file, kind in files.items()
            if _is_raw_weather(file, kind) or WEATHER_NAME.match(file.name)
        ),
        marker=_marker(files),
    )
    if not (source.trips or source.raw_weather):
        raise InputError(f"nothing to load in {shown}: it should hold trip files (*.zip, *.csv) or weather")
    return source


def _of_kinds(kinds: Mapping[Path, Kind], *, root: Path) -> Source:
    hourly = [
        file for file, kind in kinds.items() if kind is Kind.HOURLY_TABLE or HOURLY_NAME.match(file.name)
    ]
    weather = [file for file in kinds if WEATHER_NAME.match(file.name)]
    source = Source(
        root=root,
        hourly=_one_per_year(hourly),
        weather=_one_per_year(weather),
        trips=tuple(file for file, kind in kinds.items() if file not in hourly and _is_trips(file, kind)),
        raw_weather=tuple(file for file, kind in kinds.items() if _is_raw_weather(file, kind)),
        marker=_marker(kinds),
    )
    taken = {*hourly, *weather, *source.trips, *source.raw_weather, source.marker}
    return replace(source, left_alone=tuple(file for file in kinds if file not in taken))


def _marker(files: Iterable[Path]) -> Path | None:
    return next((file for file in files if file.name == SIMULATED_MARKER), None)


def _visible(folder: Path) -> Iterator[Path]:
    """Yield files, and links that are followed to none: those to folders could lead anywhere."""

    def refuse(err: OSError) -> None:
        raise InputError(f"{err.filename} cannot be read: {err.strerror}") from err

    for place, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith((".", "__"))]
        links = [name for name in folders if Path(place, name).is_symlink()]
        yield from (Path(place, name) for name in (*files, *links) if not name.startswith((".", "__")))


def _one_per_year(files: list[Path]) -> dict[int, Path]:
    found: dict[int, Path] = {}
    for file in files:
        year = _year_of(file)
        found[year] = _richer(found.get(year), file)
    return found


def _year_of(file: Path) -> int:
    """Return the year of a table: the one in its published name, or that of most of its days."""
    named = HOURLY_NAME.match(file.name) or WEATHER_NAME.match(file.name)
    if named:
        return int(named[1])
    import pandas as pd

    days = pd.read_parquet(file, columns=["date"])["date"].dt.year.value_counts(normalize=True)
    if days.iloc[0] < _MOST_OF_A_TABLE:
        years = ", ".join(str(year) for year in sorted(days.index))
        raise InputError(
            f"{file} holds hours of {years}: save one table a year, YYYY-citibike-tripdata.parquet"
        )
    return int(days.index[0])


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


def _kind(file: Path) -> Kind:
    try:
        return kind_of_file(file)
    except OSError as err:
        raise InputError(f"{file} cannot be read: {err.strerror}") from err


def _is_trips(file: Path, kind: Kind) -> bool:
    """Tell by content; a table that is neither trips nor weather is loaded, too, to be refused by name."""
    if kind is Kind.UNKNOWN:
        return file.suffix.lower() in _TABLE_SUFFIXES and not _speaks_of_weather(file)
    return kind is Kind.TRIPS


def _speaks_of_weather(file: Path) -> bool:
    return "weather" in file.name.lower() or file.parent.name.lower() == "weather"


def _is_raw_weather(file: Path, kind: Kind) -> bool:
    if WEATHER_NAME.match(file.name):
        return False
    named = _speaks_of_weather(file) and file.suffix.lower() in (".csv", ".tsv", ".parquet")
    return kind is Kind.WEATHER or (kind is Kind.UNKNOWN and named)

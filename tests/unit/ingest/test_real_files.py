"""Published files load clean, and their counts are those of another engine."""

import csv
import datetime as dt
import io
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from bikecast.ingest.month import ingest_month
from bikecast.ingest.rules import Reason
from bikecast.ingest.sources import folder_sources
from bikecast.storage import FolderStore
from tests.unit.ingest.tables import counts, publish

START_COLUMNS = ("started_at", "Start Time", "starttime")
END_COLUMNS = ("ended_at", "Stop Time", "stoptime")
HOUR_S = 3600


def published(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "jersey_city").iterdir() if "tripdata" in path.name)


def text_of(path: Path) -> str:
    if path.suffix == ".csv":
        return path.read_text()
    with zipfile.ZipFile(path) as archive:
        (name,) = [name for name in archive.namelist() if not name.startswith("__MACOSX")]
        return archive.read(name).decode()


def counted_by_python(path: Path) -> tuple[int, Counter[str]]:
    """Count the rows and, by start hour, the rides longer than nothing and shorter than an hour."""
    rows = list(csv.DictReader(io.StringIO(text_of(path))))
    start = next(name for name in START_COLUMNS if name in rows[0])
    end = next(name for name in END_COLUMNS if name in rows[0])
    hours: Counter[str] = Counter()
    for row in rows:
        began, ended = dt.datetime.fromisoformat(row[start]), dt.datetime.fromisoformat(row[end])
        if 0 < (ended - began).total_seconds() < HOUR_S:
            hours[f"{began:%Y-%m-%d %H}"] += 1
    return len(rows), hours


def test_every_month_of_jersey_city_loads_clean(real_data: Path, tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    rows, expected = 0, Counter[str]()
    for path in published(real_data):
        (source,) = [one for one in folder_sources(path.parent) if one.path == path]
        ingest_month(store, path.name, [source])
        n, hours = counted_by_python(path)
        rows += n
        expected += hours
    report = publish(store, years=range(2016, 2025))
    assert counts(store) == dict(sorted(expected.items()))
    assert (report.rows, report.kept, report.problems) == (rows, expected.total(), {})
    assert set(report.refused) == {Reason.ENDS_BEFORE_START, Reason.NO_DURATION, Reason.SIXTY_MINUTES_OR_MORE}


@pytest.mark.parametrize("name", ["JC-202102-citibike-tripdata.MERGE-CONFLICT.csv"])
def test_merge_conflict_of_the_archive_is_refused(real_data: Path, tmp_path: Path, name: str) -> None:
    sources = [one for one in folder_sources(real_data / "corrupt") if one.name == name]
    report = ingest_month(FolderStore(tmp_path), "2021-02", sources)
    assert "merge-conflict markers" in report.problems[name]

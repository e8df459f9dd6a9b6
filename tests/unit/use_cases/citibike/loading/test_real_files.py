"""Published files load clean, and their counts are those of another engine."""

import zipfile
from collections import Counter
from pathlib import Path

import pytest

from bikecast.storage import FolderStore
from tests.unit.use_cases.citibike.loading.resaved import PROGRAMS
from tests.unit.use_cases.citibike.loading.tables import counts, publish
from tests.unit.use_cases.citibike.loading.tally import tally
from use_cases.citibike.loading.month import ingest_month
from use_cases.citibike.loading.sources import folder_sources
from use_cases.citibike.trips.rules import Reason


def published(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "jersey_city").iterdir() if "tripdata" in path.name)


def text_of(path: Path) -> str:
    if path.suffix == ".csv":
        return path.read_text()
    with zipfile.ZipFile(path) as archive:
        (name,) = [name for name in archive.namelist() if not name.startswith("__MACOSX")]
        return archive.read(name).decode()


def test_every_month_of_jersey_city_loads_clean(real_data: Path, tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    rows, expected = 0, Counter[str]()
    for path in published(real_data):
        (source,) = [one for one in folder_sources(path.parent) if one.path == path]
        ingest_month(store, path.name, [source])
        text = text_of(path)
        rows += text.count("\n") - 1
        expected += tally(text)
    report = publish(store, years=range(2016, 2025))
    assert counts(store) == dict(sorted(expected.items()))
    assert (report.rows, report.kept, report.problems) == (rows, expected.total(), {})
    assert set(report.refused) == {Reason.ENDS_BEFORE_START, Reason.NO_DURATION, Reason.SIXTY_MINUTES_OR_MORE}


@pytest.mark.parametrize("name", sorted(PROGRAMS))
@pytest.mark.parametrize("month", ["JC-201602-citibike-tripdata.csv", "JC-202202-citibike-tripdata.csv.zip"])
def test_a_real_month_that_was_saved_again_is_counted_as_it_reads(
    real_data: Path, tmp_path: Path, month: str, name: str
) -> None:
    program = PROGRAMS[name]
    text = program.save(text_of(real_data / "jersey_city" / month))
    (tmp_path / "files").mkdir()
    path = tmp_path / "files" / "saved.csv"
    path.write_bytes(text.encode(program.encoding, errors="replace"))
    store = FolderStore(tmp_path / "store")
    assert ingest_month(store, "saved", folder_sources(path.parent)).problems == {}
    publish(store, years=range(2016, 2025))
    expected = tally(text, formats=program.formats, delimiter=program.delimiter)
    assert counts(store) == dict(sorted(expected.items()))


@pytest.mark.parametrize("name", ["JC-202102-citibike-tripdata.MERGE-CONFLICT.csv"])
def test_merge_conflict_of_the_archive_is_refused(real_data: Path, tmp_path: Path, name: str) -> None:
    sources = [one for one in folder_sources(real_data / "corrupt") if one.name == name]
    report = ingest_month(FolderStore(tmp_path), "2021-02", sources)
    assert "merge-conflict markers" in report.problems[name]

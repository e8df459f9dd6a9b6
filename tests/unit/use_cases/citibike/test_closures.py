"""Hours in which the system was shut are not missing data, and files that were not loaded are."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from bikecast.errors import DataError, InputError
from bikecast.names import Prefix
from bikecast.storage import FolderStore
from tests.unit.use_cases.citibike.loading.tables import publish
from tests.unit.use_cases.citibike.loading.trips import OLD_HEADER, bike_ride, csv_bytes, write_files
from use_cases.citibike.loading.month import ingest_month
from use_cases.citibike.loading.sources import folder_sources
from use_cases.citibike.tables.closures import (
    CLOSURES_KEY,
    Closure,
    declare_closures,
    parse_closure,
    read_closures,
)
from use_cases.citibike.tables.hourly import read_hourly, write_hourly
from use_cases.citibike.wall_time import wall_hours
from use_cases.citibike.weather.first_seen import SEEN_KEY

JANUARY = (dt.date(2016, 1, 1), dt.date(2016, 1, 31))
BLIZZARD = Closure(first=dt.datetime(2016, 1, 23, 13), last=dt.datetime(2016, 1, 26, 6))


def rides(hours: pd.DatetimeIndex, *, an_hour: int = 3) -> list[str]:
    return [
        bike_ride(10_000 + n, f"{hour:%Y-%m-%d %H}:{n:02d}:10", f"{hour:%Y-%m-%d %H}:{n + 9:02d}:50")
        for hour in hours
        for n in range(an_hour)
    ]


def load(store: FolderStore, folder: Path, files: dict[str, bytes]) -> list[str]:
    for source in folder_sources(write_files(folder, files)):
        assert ingest_month(store, source.name, [source]).problems == {}
    return list(publish(store, years=range(2016, 2017)).coverage.closures)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def without(gap: Closure) -> pd.DatetimeIndex:
    hours = wall_hours(*JANUARY)
    return hours[~hours.isin(gap.hours)]


def test_a_gap_inside_a_whole_file_is_a_closure(store: FolderStore, tmp_path: Path) -> None:
    found = load(
        store, tmp_path / "files", {"201601.csv": csv_bytes(rides(without(BLIZZARD)), header=OLD_HEADER)}
    )
    assert found == ["2016-01-23 13:00..2016-01-26 06:00 (66 hours)"]
    table = read_hourly(store, *JANUARY)
    assert len(table) == 31 * 24 - 66
    assert table["trips"].eq(3).all()


def test_a_gap_between_files_is_missing_data(store: FolderStore, tmp_path: Path) -> None:
    hours = without(BLIZZARD)
    parts = {
        "201601_1.csv": csv_bytes(rides(hours[hours < pd.Timestamp(BLIZZARD.first)]), header=OLD_HEADER),
        "201601_3.csv": csv_bytes(rides(hours[hours > pd.Timestamp(BLIZZARD.last)]), header=OLD_HEADER),
    }
    assert load(store, tmp_path / "files", parts) == []
    with pytest.raises(DataError, match=r"48 of 744 hours have no demand .*load these days, or say"):
        read_hourly(store, *JANUARY)


@pytest.mark.parametrize(
    "gap",
    [
        Closure(first=dt.datetime(2016, 1, 10, 1), last=dt.datetime(2016, 1, 10, 5)),  # a night
        Closure(first=dt.datetime(2016, 1, 10), last=dt.datetime(2016, 1, 18)),  # more than a week
    ],
)
def test_a_night_or_more_than_a_week_is_no_closure(store: FolderStore, tmp_path: Path, gap: Closure) -> None:
    assert load(store, tmp_path / "files", {"a.csv": csv_bytes(rides(without(gap)), header=OLD_HEADER)}) == []


def test_few_rides_may_leave_a_day_without_any(store: FolderStore, tmp_path: Path) -> None:
    hours = without(BLIZZARD)
    few = hours[hours.hour % 8 == 0]
    assert (
        load(store, tmp_path / "files", {"a.csv": csv_bytes(rides(few, an_hour=1), header=OLD_HEADER)}) == []
    )


def test_a_file_that_fills_the_gap_ends_the_closure(store: FolderStore, tmp_path: Path) -> None:
    load(store, tmp_path / "files", {"201601.csv": csv_bytes(rides(without(BLIZZARD)), header=OLD_HEADER)})
    more = csv_bytes(rides(BLIZZARD.hours), header=OLD_HEADER)
    assert load(store, tmp_path / "more", {"more.csv": more}) == []
    assert read_closures(store).recognised == ()


def test_a_closure_can_be_declared_for_a_table_made_elsewhere(store: FolderStore) -> None:
    hours = without(BLIZZARD)
    table = pd.DataFrame({"date": hours.normalize(), "hour": hours.hour, "trips": 50, "holiday": 0})
    write_hourly(store, table)
    with pytest.raises(DataError, match="--closed"):
        read_hourly(store, *JANUARY)
    declare_closures(store, [parse_closure("2016-01-23T13..2016-01-26T06")])
    assert len(read_hourly(store, *JANUARY)) == len(hours)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2016-01-23T13..2016-01-26T06", BLIZZARD.first, BLIZZARD.last),
        ("2016-01-23 13:00..2016-01-26 06:59", BLIZZARD.first, BLIZZARD.last),
        ("2016-01-24..2016-01-25", dt.datetime(2016, 1, 24), dt.datetime(2016, 1, 25, 23)),
        ("2016-01-24", dt.datetime(2016, 1, 24), dt.datetime(2016, 1, 24, 23)),
    ],
)
def test_a_closure_is_written_as_hours_or_days(text: str, first: dt.datetime, last: dt.datetime) -> None:
    assert parse_closure(text) == Closure(first=first, last=last)


@pytest.mark.parametrize(
    "text", ["blizzard", "2016-01-26..2016-01-23", "2016-01-23T13:00Z..2016-01-26T06:00Z", ".."]
)
def test_what_is_no_closure_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="a closure"):
        parse_closure(text)


@pytest.mark.parametrize("key", [CLOSURES_KEY, SEEN_KEY])
def test_what_a_load_remembers_lies_where_the_job_may_write(key: str) -> None:
    assert any(key.startswith(prefix) for prefix in Prefix if prefix is not Prefix.RAW)

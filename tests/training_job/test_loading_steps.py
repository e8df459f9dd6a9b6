"""The steps of a load: what is simulated comes out as tables, and a bad month is named while others go on."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from bikecast.errors import DataError, InputError
from bikecast.names import Prefix
from tests.training_job.world import folder_context
from tests.unit.use_cases.citibike.loading.trips import csv_bytes, hour_of_rides, zip_bytes
from training_job.runtime.context import Context
from use_cases.citibike.data_coverage import read_coverage
from use_cases.citibike.days import DataCoverage, noted_coverage
from use_cases.citibike.simulator import simulate
from use_cases.citibike.steps import ingest_month, publish_tables
from use_cases.citibike.tables.hourly import join_weather, read_hourly, read_weather

START, END = dt.date(2024, 7, 1), dt.date(2024, 9, 30)
NAMES = ["202407-citbike-tripdata.zip", "202408-citibike-tripdata.zip", "202409-citibike-tripdata.zip"]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return three simulated months with every trap."""
    folder = tmp_path_factory.mktemp("simulated")
    simulate(folder, START, END, scale=0.005)
    return folder


@pytest.fixture
def context(tmp_path: Path, simulated: Path) -> Context:
    """Return a context whose data bucket holds the simulated files."""
    context = folder_context(tmp_path)
    for path in simulated.rglob("*.*"):
        context.data.upload(path, f"{Prefix.RAW}{path.relative_to(simulated).as_posix()}")
    return context


def ingest(context: Context, month: str, name: str, **more: object) -> dict[str, Any]:
    """Run the step on one month of one file and return the month's report."""
    job = {"month": month, "keys": [f"{Prefix.RAW}{name}"], **more}
    (report,) = ingest_month.run(context, {"months": [job]})["months"]
    return dict(report)


def load(context: Context, names: list[str] = NAMES) -> dict[str, object]:
    """Run the load as its state machine does."""
    groups = [f"{name[:4]}-{name[4:6]}" for name in names]
    for group, name in zip(groups, names, strict=True):
        ingest(context, group, name)
    return dict(publish_tables.run(context, {"months": groups}))


def test_simulated_files_become_joined_tables(context: Context) -> None:
    report = load(context)
    assert (report["status"], report["simulated"], report["sources"]) == ("complete", True, 3)
    hourly = read_hourly(context.data, START, END)
    joined = join_weather(hourly, read_weather(context.data, START, END))
    assert len(joined) == 92 * 24
    assert hourly["trips"].sum() == report["trips"]
    assert json.loads(context.data.read(f"{Prefix.LOAD_REPORTS}latest.json").body) == json.loads(
        json.dumps(report)
    )


def test_a_load_notes_the_days_that_are_there(context: Context) -> None:
    assert noted_coverage(context.data) is None
    load(context, NAMES[:2])
    assert noted_coverage(context.data) == DataCoverage(START, dt.date(2024, 8, 31), earliest=START)
    load(context)
    assert noted_coverage(context.data) == read_coverage(context.data)


def test_order_and_repetition_of_loads_change_nothing(context: Context) -> None:
    load(context)
    tables = {key: context.data.read(key).body for key in context.data.keys(Prefix.PROCESSED_CITIBIKE)}
    load(context, NAMES[::-1])
    load(context, NAMES[1:2])
    assert {
        key: context.data.read(key).body for key in context.data.keys(Prefix.PROCESSED_CITIBIKE)
    } == tables


def test_unchanged_files_are_not_read_again_unless_forced(context: Context) -> None:
    assert ingest(context, "2024-08", NAMES[1])["unchanged"] == []
    assert ingest(context, "2024-08", NAMES[1])["unchanged"] == [NAMES[1]]
    assert ingest(context, "2024-08", NAMES[1], force=True)["unchanged"] == []


def test_a_container_reads_its_months_one_by_one_and_a_bad_one_holds_back_itself_alone(
    context: Context,
) -> None:
    context.data.write(f"{Prefix.RAW}{NAMES[1]}", b"<html>gone</html>")
    months = [{"month": name[:6], "keys": [f"{Prefix.RAW}{name}"]} for name in NAMES]
    reports = ingest_month.run(context, {"months": months})["months"]
    assert [list(report["problems"]) for report in reports] == [[], [NAMES[1]], []]
    published = publish_tables.run(context, {"months": [month["month"] for month in months]})
    assert list(published["problems"]) == [NAMES[1]]
    assert len(read_hourly(context.data, START, dt.date(2024, 7, 31))) == 31 * 24


def test_changed_file_replaces_what_it_gave(context: Context) -> None:
    load(context)
    august = context.data.read(f"{Prefix.RAW}{NAMES[1]}").body
    context.data.write(f"{Prefix.RAW}{NAMES[1]}", context.data.read(f"{Prefix.RAW}{NAMES[2]}").body)
    report = load(context, [NAMES[1]])
    with pytest.raises(DataError, match=r"2024-08-01\.\.2024-08-31"):
        read_hourly(context.data, START, END)
    assert report["in_several_files"] != 0
    assert report["status"] == "incomplete"
    assert "of 2024-08" in report["problems"][NAMES[1]]  # type: ignore[index]  # a dictionary
    context.data.write(f"{Prefix.RAW}{NAMES[1]}", august)
    load(context, [NAMES[1]])
    assert len(read_hourly(context.data, START, END)) == 92 * 24


def test_bad_month_is_named_and_others_go_on(context: Context) -> None:
    context.data.write(f"{Prefix.RAW}{NAMES[1]}", b"<html>gone</html>")
    report = load(context)
    assert report["status"] == "incomplete"
    problems = report["problems"]
    assert isinstance(problems, dict)
    assert "web page" in problems[NAMES[1]]
    assert len(read_hourly(context.data, START, dt.date(2024, 7, 31))) == 31 * 24


def test_load_of_nothing_readable_fails(context: Context) -> None:
    context.data.write(f"{Prefix.RAW}{NAMES[1]}", b"<html>gone</html>")
    with pytest.raises(DataError, match=r"none of 1 files could be read.*web page"):
        load(context, [NAMES[1]])


def test_lost_weather_fails_the_load_and_names_days_and_files(context: Context) -> None:
    key = f"{Prefix.RAW}weather/simulated-weather.csv"
    lines = context.data.read(key).body.splitlines(keepends=True)
    context.data.write(key, b"".join(line for line in lines if b'"2024-08-1' not in line))
    context.data.write(f"{Prefix.RAW}weather/broken.csv", b"no,weather\n1,2\n")
    with pytest.raises(
        DataError,
        match=r"broken\.csv was not used.*23\d of \d+ hours have no weather.*2024-08-10\.\.2024-08-19",
    ):
        load(context)
    assert len(read_hourly(context.data, START, END)) == 92 * 24


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"months": []},
        {"months": [{"month": "2024-01"}]},
        {"months": [{"month": "2024-01", "keys": [], "speed": "high"}]},
    ],
)
def test_wrong_input_names_the_field(context: Context, payload: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"months|keys|speed"):
        ingest_month.run(context, payload)


def test_weather_in_a_zip_of_trips_is_weather(context: Context) -> None:
    key = f"{Prefix.RAW}weather/simulated-weather.csv"
    weather = context.data.read(key).body
    context.data.delete(key)
    rides = csv_bytes(hour_of_rides("2024-07-05 08", 3))
    context.data.write(f"{Prefix.RAW}all.zip", zip_bytes({"weather.csv": weather, "rides.csv": rides}))
    report = ingest(context, "undated", "all.zip")
    assert (report["kept"], report["problems"]) == (3, {})
    assert publish_tables.run(context, {"months": ["undated"], "weather": []})["weather_days"] == 92


def test_weather_among_the_trips_is_weather(context: Context) -> None:
    key = f"{Prefix.RAW}weather/simulated-weather.csv"
    context.data.write(f"{Prefix.RAW}9100001.csv", context.data.read(key).body)
    context.data.delete(key)
    ingest(context, "undated", "9100001.csv")
    ingest(context, "2024-07", NAMES[0])
    report = publish_tables.run(context, {"months": ["2024-07", "undated"], "weather": []})
    assert (report["status"], report["weather_days"]) == ("complete", 92)
    assert len(read_weather(context.data, START, END)) == 92

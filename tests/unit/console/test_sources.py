"""What a person points at is recognised by what it holds."""

import gzip
import os
from pathlib import Path

import pandas as pd
import pytest

from bikecast.errors import InputError
from tests.unit.use_cases.citibike.loading.trips import csv_bytes, hour_of_rides, write_files, zip_bytes
from use_cases.citibike.console.files.sources import recognise
from use_cases.citibike.console.files.uploading import raw_keys


def write_parquet(path: Path, **columns: list[object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_parquet(path)
    return path


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def test_a_folder_of_processed_tables_is_taken_year_by_year(tmp_path: Path) -> None:
    hourly = write_parquet(tmp_path / "citibike" / "2024-citibike-tripdata.parquet", date=[1])
    weather = write_parquet(tmp_path / "weather" / "2024-weather.parquet", DATE=[1])
    source = recognise(tmp_path)
    assert source.is_processed
    assert (source.hourly, source.weather) == ({2024: hourly}, {2024: weather})


def test_of_two_weather_tables_of_a_year_the_richer_is_taken(tmp_path: Path) -> None:
    write_parquet(tmp_path / "weather" / "2024-weather.parquet", DATE=[1])
    richer = write_parquet(tmp_path / "weather_raw" / "2024-weather.parquet", DATE=[1], PRCP=[0])
    assert recognise(tmp_path).weather == {2024: richer}


def test_trip_files_and_their_weather_are_told_apart(tmp_path: Path) -> None:
    trips = [
        touch(tmp_path / "202401-citibike-tripdata.zip"),
        touch(tmp_path / "JC-201601-citibike-tripdata.csv"),
    ]
    weather = touch(tmp_path / "weather_2024.csv")
    source = recognise(tmp_path)
    assert not source.is_processed
    assert (list(source.trips), list(source.raw_weather)) == (trips, [weather])


def test_hidden_and_mac_junk_is_left_out(tmp_path: Path) -> None:
    touch(tmp_path / "__MACOSX" / "a.csv")
    touch(tmp_path / ".cache" / "b.zip")
    wanted = touch(tmp_path / "c.zip")
    assert recognise(tmp_path).trips == (wanted,)


def test_one_file_is_a_source_too(tmp_path: Path) -> None:
    wanted = touch(tmp_path / "202401-citibike-tripdata.zip")
    assert recognise(wanted).trips == (wanted,)


def test_the_simulators_marker_travels_with_its_files(tmp_path: Path) -> None:
    touch(tmp_path / "202401-citibike-tripdata.zip")
    assert not recognise(tmp_path).is_simulated
    touch(tmp_path / "simulated.json")
    assert recognise(tmp_path).is_simulated


@pytest.mark.parametrize("name", ["notes.txt", "table.parquet"])
def test_a_folder_without_data_is_refused_with_what_it_should_hold(tmp_path: Path, name: str) -> None:
    touch(tmp_path / name)
    with pytest.raises(InputError, match="nothing to load"):
        recognise(tmp_path)


DAYS = b"DATE,TMAX,TMIN,SNOW\n2024-01-01,40,30,0\n"
RIDES = csv_bytes(hour_of_rides("2024-01-05 08", 3))
JSON = b'{"hourly_units": {"time": "iso8601"}, "hourly": {"time": [], "temperature_2m": []}}'


def test_content_decides_whatever_the_name(tmp_path: Path) -> None:
    files = {
        "9100001.csv": DAYS,
        "answer.json": JSON,
        "weather-of-rides.csv": RIDES,
        "rides.txt": RIDES,
        "rides.bin": gzip.compress(RIDES),
        "all.zip": zip_bytes({"weather.csv": DAYS, "rides.csv": RIDES}),
        "notes.txt": b"hello",
        "letter.docx": zip_bytes({"word/document.xml": b"<w/>"}),
    }
    write_files(tmp_path, files)
    source = recognise(tmp_path)
    names = {path.name for path in source.trips}
    assert names == {"weather-of-rides.csv", "rides.txt", "rides.bin", "all.zip"}
    assert {path.name for path in source.raw_weather} == {"9100001.csv", "answer.json"}
    assert {path.name for path in source.not_loaded} == {"notes.txt", "letter.docx"}


def test_files_beside_processed_tables_are_named_as_not_loaded(tmp_path: Path) -> None:
    write_parquet(tmp_path / "2024-citibike-tripdata.parquet", date=[1])
    write_files(tmp_path, {"202401.csv": RIDES, "days.csv": DAYS})
    assert {path.name for path in recognise(tmp_path).not_loaded} == {"202401.csv", "days.csv"}


def test_a_table_of_hours_is_one_by_its_columns(tmp_path: Path) -> None:
    days = pd.date_range("2024-12-31 00:00", periods=20)
    path = write_parquet(
        tmp_path / "hours.parquet", date=list(days), hour=[0] * 20, trips=[1] * 20, holiday=[0] * 20
    )
    assert recognise(tmp_path).hourly == {2025: path}
    half = pd.date_range("2024-12-27", periods=10)
    write_parquet(path, date=list(half), hour=[0] * 10, trips=[1] * 10, holiday=[0] * 10)
    with pytest.raises(InputError, match="holds hours of 2024, 2025: save one table a year"):
        recognise(tmp_path)


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no-such-folder does not exist"):
        recognise(tmp_path / "no-such-folder")


def test_links_to_folders_or_to_nothing_are_named_as_not_loaded(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "files", tmp_path / "elsewhere"
    trips = touch(folder / "202401-citibike-tripdata.zip")
    linked = touch(elsewhere / "202402-citibike-tripdata.zip")
    (folder / "month.zip").symlink_to(linked)
    (folder / "2023").symlink_to(elsewhere)
    (folder / "loop").symlink_to(folder)
    (folder / "gone.zip").symlink_to(tmp_path / "nowhere")
    source = recognise(folder)
    assert source.trips == (trips, folder / "month.zip")
    assert {path.name for path in source.left_alone} == {"2023", "loop", "gone.zip"}


def test_trips_below_a_folder_named_weather_are_loaded_as_trips(tmp_path: Path) -> None:
    path = write_files(tmp_path, {"weather/a.csv": csv_bytes(hour_of_rides("2024-01-05 08", 3))})
    assert raw_keys(recognise(path)) == {path / "weather/a.csv": "raw/a.csv"}


@pytest.mark.parametrize("name", [b"\xff.csv", b"a\nb.csv", b"a\x1b[31m.csv"])
def test_a_name_that_is_no_text_is_refused(tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.write_bytes(csv_bytes(hour_of_rides("2024-01-05 08", 3)))
    with pytest.raises(InputError, match=r"csv': the name holds control characters or is not UTF-8: rename"):
        raw_keys(recognise(tmp_path))

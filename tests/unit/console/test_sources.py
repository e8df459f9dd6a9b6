"""What a person points at is recognised by what it holds."""

from pathlib import Path

import pandas as pd
import pytest

from bikecast.errors import InputError
from console.sources import recognise


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


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no-such-folder does not exist"):
        recognise(tmp_path / "no-such-folder")

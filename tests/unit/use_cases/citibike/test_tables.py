"""The hourly and the weather table: what readers repair, what they refuse."""

import datetime as dt
import io
from pathlib import Path

import pandas as pd
import pytest

from bikecast.errors import DataError
from bikecast.storage import FolderStore
from tests.real_data import real_data
from use_cases.citibike.keys import citibike_key, weather_key
from use_cases.citibike.tables.hourly import (
    join_weather,
    read_hourly,
    read_weather,
    write_hourly,
    write_weather,
)
from use_cases.citibike.wall_time import span, wall_hours

__all__ = ["real_data"]

JANUARY = (dt.date(2024, 1, 1), dt.date(2024, 1, 31))


def hourly(start: dt.date, end: dt.date, *, trips: int = 100) -> pd.DataFrame:
    hours = wall_hours(start, end)
    return pd.DataFrame({"date": hours.normalize(), "hour": hours.hour, "trips": trips, "holiday": 0})


def weather(start: dt.date, end: dt.date) -> pd.DataFrame:
    return pd.DataFrame({"DATE": pd.date_range(start, end), "TMAX": 60.0, "TMIN": 40.0, "SNOW": 0.0})


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def test_table_comes_back_as_written(store: FolderStore) -> None:
    table = hourly(*JANUARY)
    write_hourly(store, table)
    pd.testing.assert_frame_equal(read_hourly(store, *JANUARY), table, check_dtype=False)


def test_parts_of_a_split_hour_are_summed_across_yearly_files(store: FolderStore) -> None:
    december = hourly(dt.date(2024, 12, 1), dt.date(2024, 12, 31))
    january = hourly(dt.date(2025, 1, 1), dt.date(2025, 1, 31))
    stray = pd.DataFrame({"date": [pd.Timestamp("2024-12-31")], "hour": 23, "trips": 17, "holiday": 0})
    write_hourly(store, december)
    store.write(citibike_key(2025), _as_parquet(pd.concat([stray, january])))
    table = read_hourly(store, dt.date(2024, 12, 1), dt.date(2024, 12, 31))
    assert table["trips"].iloc[-1] == 117


def _as_parquet(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer)
    return buffer.getvalue()


def test_missing_days_are_named(store: FolderStore) -> None:
    table = hourly(*JANUARY)
    write_hourly(store, table[table["date"] != "2024-01-17"])
    with pytest.raises(DataError, match="24 of 744 hours have no demand \\(2024-01-17\\)"):
        read_hourly(store, *JANUARY)


def test_absent_hour_of_a_quiet_time_is_zero(store: FolderStore) -> None:
    table = hourly(*JANUARY)
    table.loc[table["hour"] == 4, "trips"] = 2
    absent = (table["hour"] == 4) & (table["date"] == "2024-01-17")
    write_hourly(store, table[~absent])
    read = read_hourly(store, *JANUARY)
    assert read.loc[(read["hour"] == 4) & (read["date"] == "2024-01-17"), "trips"].tolist() == [0]
    assert len(read) == 744


def test_quiet_hours_of_a_missing_day_are_not_zero(store: FolderStore) -> None:
    table = hourly(*JANUARY, trips=2)
    write_hourly(store, table[table["date"] != "2024-01-17"])
    with pytest.raises(DataError, match="24 of 744"):
        read_hourly(store, *JANUARY)


def test_absent_hour_of_a_busy_time_is_not_invented(store: FolderStore) -> None:
    table = hourly(*JANUARY)
    absent = (table["hour"] == 17) & (table["date"] == "2024-01-17")
    write_hourly(store, table[~absent])
    assert len(read_hourly(store, *JANUARY)) == 743


def test_daylight_saving_days_have_23_and_24_rows() -> None:
    assert len(wall_hours(dt.date(2024, 3, 10), dt.date(2024, 3, 10))) == 23
    assert len(wall_hours(dt.date(2024, 11, 3), dt.date(2024, 11, 3))) == 24
    assert pd.Timestamp("2024-03-10 02:00") not in wall_hours(dt.date(2024, 3, 10), dt.date(2024, 3, 10))


@pytest.mark.parametrize(
    ("column", "value", "named"),
    [("hour", 24, "hour"), ("trips", -1, "trips"), ("holiday", 2, "holiday"), ("trips", 10**6, "trips")],
)
def test_hourly_contract_names_the_column(store: FolderStore, column: str, value: int, named: str) -> None:
    table = hourly(*JANUARY)
    table.loc[5, column] = value
    with pytest.raises(DataError, match=f"column {named}.*{value}"):
        write_hourly(store, table)


@pytest.mark.parametrize(("column", "value"), [("TMAX", 290.0), ("SNOW", -1.0), ("TMIN", float("nan"))])
def test_weather_contract_names_the_column(store: FolderStore, column: str, value: float) -> None:
    table = weather(*JANUARY)
    table.loc[5, column] = value
    with pytest.raises(DataError, match=f"column {column}"):
        write_weather(store, table)


def test_weather_with_two_different_rows_of_a_day_is_refused(store: FolderStore) -> None:
    twice = pd.concat([weather(*JANUARY), weather(*JANUARY).head(1).assign(TMAX=61.0)])
    with pytest.raises(DataError, match="DATE"):
        write_weather(store, twice)
    write_weather(store, pd.concat([weather(*JANUARY), weather(*JANUARY).head(1)]))
    assert len(read_weather(store, *JANUARY)) == 31


def test_missing_column_is_named(store: FolderStore) -> None:
    with pytest.raises(DataError, match="SNOW"):
        write_weather(store, weather(*JANUARY).drop(columns="SNOW"))


def test_join_that_loses_more_than_one_percent_names_the_days(store: FolderStore) -> None:
    known = weather(*JANUARY)
    with pytest.raises(DataError, match="24 of 744 hours have no weather \\(2024-01-31\\)"):
        join_weather(hourly(*JANUARY), known.iloc[:-1])


def test_join_keeps_one_row_an_hour() -> None:
    joined = join_weather(hourly(*JANUARY), weather(*JANUARY))
    assert joined["timestamp"].tolist() == wall_hours(*JANUARY).tolist()
    assert {"date", "hour", "trips", "holiday", "TMAX", "TMIN", "SNOW"} < set(joined.columns)


def test_file_that_is_no_parquet_is_named(store: FolderStore) -> None:
    store.write(weather_key(2024), b"<html>not found</html>")
    with pytest.raises(DataError, match=r"2024-weather\.parquet is not a parquet file"):
        read_weather(store, *JANUARY)


def test_span_joins_runs_of_days() -> None:
    days = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-02", "2024-01-05"])
    assert span(days) == "2024-01-01..2024-01-02, 2024-01-05"


def test_published_new_york_files_read_as_they_are(real_data: Path, tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for year in (2024, 2025):
        store.upload(real_data / f"nyc/citibike/{year}-citibike-tripdata.parquet", citibike_key(year))
        store.upload(real_data / f"nyc/weather_raw/{year}-weather.parquet", weather_key(year))
    period = (dt.date(2024, 1, 1), dt.date(2025, 3, 31))
    table = read_hourly(store, *period)
    last_hour_of_may = table[(table["date"] == "2024-05-31") & (table["hour"] == 23)]
    assert last_hour_of_may["trips"].tolist() == [4005 + 1088]
    assert len(table) == len(wall_hours(*period))
    assert len(join_weather(table, read_weather(store, *period))) == len(table) - 48

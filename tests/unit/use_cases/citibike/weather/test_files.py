"""Weather files: NOAA's exports taken in, everything else refused with a reason."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from bikecast.errors import DataError, InputError
from bikecast.storage import FolderStore
from use_cases.citibike.simulator import simulate
from use_cases.citibike.tables.hourly import read_weather
from use_cases.citibike.weather.files import load_weather_files, read_weather_file

DAYS = pd.DataFrame(
    {"DATE": pd.date_range("2024-07-01", periods=10).astype(str), "TMAX": 85.0, "TMIN": 70.0, "SNOW": 0.0}
)


def csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False).encode()


def test_days_without_a_required_value_are_left_out() -> None:
    table = DAYS.assign(DATE=pd.date_range("2024-01-01", periods=10).astype(str), TMAX=38.0, TMIN=30.0)
    table.loc[3, "SNOW"] = float("nan")
    assert len(read_weather_file("a.csv", csv(table)).frame) == 9


def test_column_names_are_read_in_any_case() -> None:
    assert len(read_weather_file("a.csv", csv(DAYS.rename(columns=str.lower))).frame) == 10


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (csv(DAYS.drop(columns="SNOW")), "lacks the columns .'SNOW'"),
        (csv(DAYS.assign(TMAX=29.0, TMIN=21.0)), "metric units"),
        (csv(DAYS.assign(STATION=["USW00014732", "USW00094728"] * 5)), "mixes the stations"),
        (csv(DAYS.assign(TMAX="warm")), "TMAX holds 'warm' and 9 more that are not numbers"),
        (b"", "cannot be read.*empty"),
        (b"<html></html>", "cannot be read.*<html>"),
    ],
)
def test_unusable_file_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_weather_file("a.csv", body)


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(DataError, match="SNOW"):
        read_weather_file("a.csv", csv(DAYS.assign(SNOW=-1.0)))


def test_other_formats_are_refused() -> None:
    with pytest.raises(InputError, match="an Excel workbook: give the CSV file"):
        read_weather_file("a.xlsx", b"PK\x03\x04rest")
    with pytest.raises(InputError, match="cannot be read as parquet"):
        read_weather_file("a.parquet", b"PAR1 not")


def test_later_name_wins_a_day_and_bad_files_are_reported(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.write("raw/weather/1.csv", csv(DAYS))
    store.write("raw/weather/2.csv", csv(DAYS.head(2).assign(TMAX=90.0)))
    store.write("raw/weather/3.csv", b"<html>")
    load = load_weather_files(store)
    assert (load.days, list(load.problems)) == (10, ["raw/weather/3.csv"])
    table = read_weather(store, dt.date(2024, 7, 1), dt.date(2024, 7, 31))
    assert table["TMAX"].tolist() == [90.0, 90.0, *[85.0] * 8]


def open_meteo_export(days: int = 2) -> pd.DataFrame:
    hours = pd.date_range("2024-07-01", periods=24 * days, freq="h")
    temperature = [70.0 + hour % 24 for hour in range(len(hours))]
    values = {"temperature_2m": temperature, "rain": 0.01, "snowfall": 0.0, "windspeed_10m": 5.0}
    return pd.DataFrame({"time": hours.astype(str), **values})


def test_observed_hours_become_days_and_forecasts_stay_out(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.write("raw/weather/observed.csv", csv(open_meteo_export()))
    store.write("raw/weather/ahead.csv", csv(open_meteo_export().assign(issue_date="2024-07-01", rain=0.03)))
    load = load_weather_files(store)
    assert (load.days, load.problems, load.forecasts) == (2, {}, ("raw/weather/ahead.csv",))
    table = read_weather(store, dt.date(2024, 7, 1), dt.date(2024, 7, 2))
    assert table[["TMAX", "TMIN", "PRCP"]].to_numpy().tolist() == [[93.0, 70.0, 0.24]] * 2


def test_metric_hours_are_refused(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    metric = open_meteo_export(6).assign(temperature_2m=29.0)
    store.write("raw/weather/observed.csv", csv(metric))
    assert "metric units" in load_weather_files(store).problems["raw/weather/observed.csv"]


def test_loading_again_and_adding_days_keeps_the_others(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.write("raw/weather/1.csv", csv(DAYS))
    load_weather_files(store)
    store.delete("raw/weather/1.csv")
    store.write(
        "raw/weather/2.csv",
        csv(DAYS.assign(DATE=pd.date_range("2024-08-01", periods=10).astype(str), PRCP=0.1)),
    )
    load_weather_files(store)
    load_weather_files(store)
    table = read_weather(store, dt.date(2024, 7, 1), dt.date(2024, 8, 31))
    assert len(table) == 20
    assert table["PRCP"].isna().sum() == 10


def test_simulated_weather_is_read(tmp_path: Path) -> None:
    simulation = simulate(tmp_path, dt.date(2024, 1, 1), dt.date(2024, 1, 31), scale=0.0005)
    body = (simulation.folder / "weather/simulated-weather.csv").read_bytes()
    assert len(read_weather_file("simulated-weather.csv", body).frame) == 31


def test_metric_file_of_the_archive_is_refused(real_data: Path) -> None:
    body = (real_data / "jersey_city/weather_2022_laguardia.csv").read_bytes()
    with pytest.raises(InputError, match="SNOW"):
        read_weather_file("weather_2022_laguardia.csv", body)
    with_snow = pd.read_csv(real_data / "jersey_city/weather_2022_laguardia.csv").assign(SNOW=0.0)
    with pytest.raises(InputError, match="metric units"):
        read_weather_file("weather_2022_laguardia.csv", csv(with_snow))

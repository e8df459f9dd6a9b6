"""The table of hourly weather: observed and issued hours apart, later files before earlier ones."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd

from bikecast.storage import FolderStore
from use_cases.citibike.features import FEATURE_NAMES
from use_cases.citibike.hourly_weather.features import OBSERVED, POSITION
from use_cases.citibike.hourly_weather.rows import lead_rows
from use_cases.citibike.hourly_weather.table import add_hours, read_hourly_weather
from use_cases.citibike.model.backtest import Sample
from use_cases.citibike.weather.files import load_weather_files

DAY = dt.date(2024, 7, 3)


def hours(start: str, days: int, *, issued: str | None = None, rain: float = 0.0) -> pd.DataFrame:
    times = pd.date_range(start, periods=24 * days, freq="h")
    at = None if issued is None else pd.Timestamp(issued, tz="America/New_York").tz_convert("UTC")
    values = {"temperature": 80.0, "rain": rain, "snowfall": 0.0, "wind": 5.0}
    issued_at = pd.Series([at] * len(times), dtype="datetime64[us, UTC]")
    return pd.DataFrame({"timestamp": times, **values, "issued_at": issued_at})


def test_a_later_file_replaces_the_same_hour_of_the_same_issue(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    add_hours(store, hours("2024-07-01", 3))
    add_hours(store, hours("2024-07-03", 1, rain=0.1))
    add_hours(store, hours("2024-07-03", 1, issued="2024-07-03", rain=0.5))
    found = read_hourly_weather(store, DAY, DAY)
    assert found is not None
    today = found.observed[found.observed["timestamp"] >= "2024-07-03"]
    assert (len(found.observed), set(today["rain"])) == (72, {0.1})
    assert set(found.forecasts["rain"]) == {0.5}


def test_hours_before_an_issue_are_no_forecast(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    add_hours(store, hours("2024-07-03", 1))
    add_hours(store, hours("2024-07-03", 1, issued="2024-07-03 20:00"))
    found = read_hourly_weather(store, DAY, DAY)
    assert found is not None
    assert found.forecasts["timestamp"].dt.hour.tolist() == [20, 21, 22, 23]


def test_without_observed_hours_there_is_no_hourly_weather(tmp_path: Path) -> None:
    assert read_hourly_weather(FolderStore(tmp_path), DAY, DAY) is None


def test_files_of_both_kinds_reach_the_table_and_forecasts_given_to_serve_do_not(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    export = hours("2024-07-01", 3).drop(columns="issued_at").rename(columns={"timestamp": "time"})
    named = export.rename(columns={"temperature": "temperature_2m", "wind": "windspeed_10m"})
    shape = np.sin((named["time"].dt.hour - 9) / 24 * 2 * np.pi)
    named = named.assign(temperature_2m=80 + 10 * shape)
    issued = named.assign(issue_date="2024-07-01", issue_hour=0)
    store.write("raw/weather/observed.csv", named.to_csv(index=False).encode())
    store.write("raw/weather/archive.csv", issued.to_csv(index=False).encode())
    store.write("raw/weather/forecasts/ahead.csv", issued.assign(issue_date="2024-06-30").to_csv().encode())
    load = load_weather_files(store)
    assert load.problems == {}
    found = read_hourly_weather(store, DAY, DAY)
    assert found is not None
    assert (len(found.observed), len(found.forecasts)) == (72, 72)
    assert set(found.forecasts["issued_at"]) == {pd.Timestamp("2024-07-01")}


def test_every_forecast_of_an_hour_is_a_row_with_its_lead_and_knows_what_fell_before_it(
    tmp_path: Path,
) -> None:
    store = FolderStore(tmp_path)
    add_hours(store, hours("2024-07-01", 3, rain=0.1))
    add_hours(store, hours("2024-07-02", 2, issued="2024-07-02"))
    weather = read_hourly_weather(store, DAY, DAY)
    assert weather is not None
    times = np.arange("2024-07-03", "2024-07-04", dtype="datetime64[h]").astype("datetime64[s]")
    sample = Sample(times, np.zeros((24, len(FEATURE_NAMES)), dtype=np.float32), np.ones(24))
    rows = lead_rows(sample, weather)
    assert rows.lead.tolist() == [OBSERVED] * 24 + [1.0] * 24
    assert rows.place.tolist() == [*range(24), *range(24)]
    yesterday = rows.features[24:, POSITION["rain_yesterday"]]
    assert set(yesterday) == {0.0}
    day_before = (times - np.timedelta64(1, "D")).astype("datetime64[s]")
    of_issue_day = lead_rows(Sample(day_before, sample.features, sample.actual), weather)
    before = of_issue_day.features[of_issue_day.lead == 0][0]
    assert before[POSITION["rain_before"]] == np.float32(0.1)

"""Small files with the quirks of people's files, through a whole load: what is in them is in the tables."""

import datetime as dt
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bikecast.errors import DataError
from bikecast.requests import parse_request
from tests.real_data import real_data
from tests.training_job.world import folder_context
from tests.unit.use_cases.citibike.loading.tally import tally
from training_job.runtime.context import Context
from use_cases.citibike.api.outlook import OutlookReader
from use_cases.citibike.console.files.sources import recognise
from use_cases.citibike.console.files.uploading import raw_keys
from use_cases.citibike.loading.plan import IngestRequest, plan_ingestion
from use_cases.citibike.steps import ingest_month, publish_outlook, publish_tables
from use_cases.citibike.tables.hourly import known_hourly, known_weather, read_hourly

__all__ = ["real_data"]
NOW = dt.datetime(2026, 11, 25, 4, tzinfo=dt.UTC)
EVER = (dt.date(2013, 1, 1), dt.date(2026, 12, 31))


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return replace(folder_context(tmp_path), clock=lambda: NOW)


@pytest.fixture
def cases(real_data: Path) -> Path:
    return real_data / "cases"


def load(context: Context, folder: Path) -> dict[str, Any]:
    """Load a folder as the console and the state machine do."""
    keys = raw_keys(recognise(folder))
    for path, key in keys.items():
        context.data.upload(path, key)
    request = parse_request(IngestRequest, {"files": list(keys.values())})
    plan = plan_ingestion(
        request, {key: len(context.data.read(key).body) for key in context.data.keys("raw/")}
    )
    for batch in plan["batches"]:
        ingest_month.run(context, batch)
    return json.loads(json.dumps(publish_tables.run(context, plan["publish"])))  # type: ignore[no-any-return]  # a report


def trips(context: Context) -> dict[str, int]:
    table = known_hourly(context.data, *EVER)
    hours = [f"{row.date:%Y-%m-%d} {row.hour:02d}" for row in table.itertuples()]
    return dict(zip(hours, table["trips"].tolist(), strict=True))


def weather(context: Context) -> pd.DataFrame:
    return known_weather(context.data, *EVER)


def counted(*files: Path, formats: tuple[str, ...] = ()) -> dict[str, int]:
    total = sum((tally(file.read_text(), formats=formats) for file in files), Counter[str]())
    return dict(sorted(total.items()))


@pytest.mark.parametrize("name", ["openmeteo-export-a", "openmeteo-export-b-header-cut"])
def test_open_meteos_own_csv_is_weather(context: Context, cases: Path, name: str) -> None:
    report = load(context, cases / name)
    assert (report["status"], report["weather_days"]) == ("complete", 31)
    assert trips(context) == counted(cases / name / "202407-citibike-tripdata.csv")
    assert weather(context)["TMAX"].iloc[0] == pytest.approx(87.9)


def test_mixed_units_that_are_not_stated_are_refused_by_quantity(context: Context, cases: Path) -> None:
    report = load(context, cases / "openmeteo-mixed-units-a-mm-kmh")
    assert report["status"] == "incomplete"
    assert (
        "rain would be 0.8 inch in the least wet"
        in report["weather_problems"]["raw/weather/weather-january.csv"]
    )
    assert weather(context).empty


@pytest.mark.parametrize("name", ["forecast.csv", "forecast-header-cut.csv"])
def test_days_ahead_serve_and_are_never_observed(context: Context, cases: Path, name: str) -> None:
    report = load(context, cases / "outlook-export" / name)
    assert (report["weather_days"], report["weather_forecasts"]) == (0, [f"raw/weather/{name}"])
    result = publish_outlook.run(context, {"key": f"raw/weather/{name}"})
    assert result["issued_at"] == NOW.isoformat()
    outlook = OutlookReader(context.serving).current()
    assert outlook is not None
    assert (len(outlook.days), outlook.days[0].DATE) == (7, dt.date(2026, 11, 25))


def test_noaas_order_number_is_no_month(context: Context, cases: Path) -> None:
    report = load(context, cases / "noaa-order-number")
    assert (report["status"], report["weather_days"], report["problems"]) == ("complete", 31, {})
    assert trips(context) == counted(cases / "noaa-order-number" / "202401-citibike-tripdata.csv")


def test_numbers_as_dates_and_for_missing_values(context: Context, cases: Path) -> None:
    report = load(context, cases / "cdo-number-dates-a")
    table = weather(context).set_index("DATE")
    assert (report["status"], len(table)) == ("complete", 31)
    assert pd.isna(table.loc["2013-07-02", "SNWD"])
    assert "SNOW is missing on 8 days" in report["notes"]["raw/weather/weather-2013.csv"][0]


def test_trace_is_less_than_can_be_measured(context: Context, cases: Path) -> None:
    assert load(context, cases / "trace-T")["status"] == "complete"
    table = weather(context).set_index("DATE")
    assert (len(table), table.loc["2024-01-01", "PRCP"], table.loc["2024-01-04", "SNOW"]) == (31, 0, 0)
    assert pd.isna(table.loc["2024-01-10", "SNWD"])


def test_tenths_of_celsius_are_converted(context: Context, cases: Path) -> None:
    report = load(context, cases / "ghcnd-tenths-july")
    assert weather(context)["TMAX"].iloc[0] == pytest.approx(77.0)
    assert "tenths of °C" in report["notes"]["raw/weather/weather-USW00014732.csv"][0]


def test_weather_of_two_years_under_one_name(context: Context, cases: Path) -> None:
    report = load(context, cases / "weather-same-name")
    assert (report["status"], report["weather_days"]) == ("complete", 62)
    assert report["coverage"]["hours_without_weather"] == 0


def test_two_digits_of_the_year(context: Context, cases: Path) -> None:
    report = load(context, cases / "excel-two-digit-year")
    file = cases / "excel-two-digit-year/202207-divvy-style-excel.csv"
    assert (report["status"], report["rows"]) == ("complete", 2400)
    assert trips(context) == counted(file, formats=("%m/%d/%y %H:%M",))


def test_both_eras_in_one_file(context: Context, cases: Path) -> None:
    report = load(context, cases / "both-eras-in-one-file-a-cat")
    lines = (cases / "both-eras-in-one-file-a-cat/2021-all.csv").read_text().splitlines(keepends=True)
    second = next(number for number, line in enumerate(lines) if line.startswith("ride_id"))
    expected = tally("".join(lines[:second])) + tally("".join(lines[second:]))
    assert (report["status"], report["rows"]) == ("complete", 2400)
    assert trips(context) == dict(sorted(expected.items()))


def test_times_without_their_date_fail_by_name(context: Context, cases: Path) -> None:
    with pytest.raises(
        DataError, match=r"202405-citibike-tripdata\.csv: 480 of 480 rows cannot be read.*yyyy-mm-dd"
    ):
        load(context, cases / "small-unreadable")
    assert trips(context) == {}


def test_a_later_file_without_rain_and_wind(context: Context, cases: Path) -> None:
    load(context, cases / "thin-weather-later/1-full")
    before = weather(context).set_index("DATE")
    load(context, cases / "thin-weather-later/2-thin")
    after = weather(context).set_index("DATE")
    assert after["PRCP"].tolist() == before["PRCP"].tolist()
    assert after["AWND"].notna().all()
    assert after.loc["2024-01-25", "TMAX"] == 41


def test_a_blizzard_shuts_the_system(context: Context, cases: Path) -> None:
    report = load(context, cases / "blizzard-closure")
    (closure,) = report["coverage"]["closures"]
    assert "66 hours" in closure
    assert (report["status"], report["coverage"]["hours_missing"]) == ("complete", 0)
    table = read_hourly(context.data, dt.date(2016, 1, 1), dt.date(2016, 3, 31))
    expected = counted(*sorted((cases / "blizzard-closure").glob("2016*.csv")))
    assert trips(context) == expected
    assert len(table) == len(expected)

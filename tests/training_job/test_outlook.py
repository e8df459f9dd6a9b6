"""The weather ahead: published from a file with issue times, read back by the predictor's own reader."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from bikecast.errors import InputError
from tests.training_job.world import folder_context
from training_job.runtime.context import Context
from use_cases.citibike.api.outlook import OutlookReader
from use_cases.citibike.steps import publish_outlook

KEY = "raw/weather/ahead.csv"


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return folder_context(tmp_path)


def hours_ahead(days: int = 8) -> pd.DataFrame:
    hours = pd.date_range("2025-01-01", periods=24 * days, freq="h")
    values = {"temperature_2m": 35.0, "rain": 0.0, "snowfall": 0.02, "windspeed_10m": 5.0}
    return pd.DataFrame({"time": hours.astype(str), **values, "issue_date": "2025-01-01", "issue_hour": 0})


def test_a_file_of_forecasts_reaches_the_predictor(context: Context) -> None:
    context.data.write(KEY, hours_ahead().to_csv(index=False).encode())
    result = publish_outlook.run(context, {"key": KEY})
    assert (result["days"], result["first_day"], result["last_day"]) == (8, "2025-01-01", "2025-01-08")
    outlook = OutlookReader(context.serving).current()
    assert outlook is not None
    assert outlook.issued_at == dt.datetime(2025, 1, 1, 5, tzinfo=dt.UTC)
    assert (outlook.days[0].SNOW, outlook.days[0].SNWD) == (0.48, None)


def test_an_export_without_issue_times_is_known_since_the_file_was_made(context: Context) -> None:
    made_at = dt.datetime(2025, 1, 2, 15, tzinfo=dt.UTC)
    context = replace(context, clock=lambda: dt.datetime(2025, 1, 3, 5, tzinfo=dt.UTC))
    body = hours_ahead().drop(columns=["issue_date", "issue_hour"]).to_csv(index=False).encode()
    context.data.write(KEY, body)
    result = publish_outlook.run(context, {"key": KEY, "issued_at": made_at.isoformat()})
    assert (result["first_day"], result["issued_at"]) == ("2025-01-02", made_at.isoformat())
    result = publish_outlook.run(context, {"key": KEY})
    assert (result["first_day"], result["issued_at"]) == ("2025-01-03", "2025-01-03T05:00:00+00:00")
    later = {"key": KEY, "issued_at": "2025-01-05T00:00:00+00:00"}
    assert publish_outlook.run(context, later)["first_day"] == "2025-01-03"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (hours_ahead().drop(columns="temperature_2m").to_csv(index=False), "cannot be read"),
        ("DATE,TMAX,TMIN,SNOW\n2025-01-01,40,30,0\n", "holds no hourly forecast"),
    ],
)
def test_what_is_no_forecast_leaves_the_outlook_as_it_was(context: Context, body: str, reason: str) -> None:
    context.data.write(KEY, hours_ahead().to_csv(index=False).encode())
    publish_outlook.run(context, {"key": KEY})
    before = OutlookReader(context.serving).current()
    context.data.write(KEY, body.encode())
    with pytest.raises(InputError, match=reason):
        publish_outlook.run(context, {"key": KEY})
    assert OutlookReader(context.serving).current() == before


def test_keys_elsewhere_are_refused(context: Context) -> None:
    with pytest.raises(InputError, match=r"key: must stand under raw/weather/"):
        publish_outlook.run(context, {"key": "datasets/processed/weather/2024-weather.parquet"})

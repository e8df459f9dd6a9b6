"""The weather ahead: published from a file with issue times, read back by the predictor's own reader."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from bikecast.errors import InputError
from bikecast.serving.outlook import OutlookReader
from tests.training_job.world import folder_context
from training_job.context import Context
from training_job.steps import publish_outlook

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


@pytest.mark.parametrize("dropped", [["issue_date", "issue_hour"], ["temperature_2m"]])
def test_what_is_no_forecast_leaves_the_outlook_as_it_was(context: Context, dropped: list[str]) -> None:
    context.data.write(KEY, hours_ahead().to_csv(index=False).encode())
    publish_outlook.run(context, {"key": KEY})
    before = OutlookReader(context.serving).current()
    context.data.write(KEY, hours_ahead().drop(columns=dropped).to_csv(index=False).encode())
    with pytest.raises(InputError, match="holds no hourly forecast"):
        publish_outlook.run(context, {"key": KEY})
    assert OutlookReader(context.serving).current() == before


def test_keys_elsewhere_are_refused(context: Context) -> None:
    with pytest.raises(InputError, match=r"key: must stand under raw/weather/"):
        publish_outlook.run(context, {"key": "datasets/processed/weather/2024-weather.parquet"})

"""Predictions of hours by the deployed API."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from bikecast.errors import InputError
from bikecast.names import TIME_ZONE, Step
from console.cloud.session import Cloud
from console.executions.operations import operate
from console.serving.api import deployed_api
from use_cases.citibike.console.checks import require_period
from use_cases.citibike.console.weather import weather_of

# Trips are published a month at a time, some days into the next.
USUAL_DELAY_DAYS = 45


def trip_body(date: dt.datetime, weather: Mapping[str, float]) -> dict[str, Any]:
    """Return the body of ``POST /predict_trip`` for one hour; weather in °F, inch and mph."""
    return {"input_data": [{"date": date.isoformat(sep=" "), **weather}]}


def predict_hour(cloud: Cloud, hour: dt.datetime, given: Mapping[str, float | None]) -> dict[str, Any]:
    """Ask the API for one hour and return its answer, with the weather that it rests on.

    Raises:
        InputError: Weather is missing, and nothing stands in for it.
        ApiError: The API cannot be reached or refuses.
    """
    weather = weather_of(cloud, hour, given)
    answer: dict[str, Any] = deployed_api(cloud).post("/predict_trip", trip_body(hour, weather.values))
    return answer | {"weather": asdict(weather)}


def next_hour(now: dt.datetime) -> dt.datetime:
    """Return the start of the hour after an aware instant, as New York's clocks show it."""
    wall = now.astimezone(ZoneInfo(TIME_ZONE)).replace(tzinfo=None, minute=0, second=0, microsecond=0)
    return wall + dt.timedelta(hours=1)


def predict_period(cloud: Cloud, first: dt.datetime | None, last: dt.datetime | None) -> dict[str, Any]:
    """Predict days that have passed as they would have been served, and return what was logged.

    Raises:
        InputError: One end is missing, or the days are not in the data.
        DeploymentError: No model was promoted yet.
    """
    if first is None or last is None:
        raise InputError("--from and --to belong together")
    require_period(cloud, first.date(), last.date())
    period = {"start": first.date().isoformat(), "end": last.date().isoformat()}
    return dict(operate(cloud, Step.PREDICT_PERIOD, payload=period) or {})


def forecast_warning(answer: Mapping[str, Any]) -> str | None:
    """Say how far a forecast lies beyond the demand that is known; None while that is usual."""
    known = answer["demand_known_until"]
    if known is None:
        return "no demand is known to the model that answers: the forecast is that of a typical week"
    first = dt.datetime.fromisoformat(answer["predictions"][0]["date"]).date()
    days = (first - dt.date.fromisoformat(known)).days
    if days <= USUAL_DELAY_DAYS:
        return None
    return (
        f"these hours lie {days} days beyond the demand that is known (until {known}): they show demand as "
        "it was then, not as it has developed since"
    )


def prediction_rows(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the answer's predictions as rows of a table."""
    return [
        {
            "hour": row.get("date"),
            "trips": row.get("prediction"),
            "low": row.get("low"),
            "high": row.get("high"),
            "source": row.get("source"),
            "version": row.get("model_version"),
        }
        for row in answer["predictions"]
    ]


def forecast_rows(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the hours ahead as rows of a table that fits a phone's width."""
    return [
        {
            "hour": row["date"][5:16],
            "trips": row["prediction"],
            "low": row["low"],
            "high": row["high"],
            "rain": "typical" if row["weather"] == "climatology" else _inches(row["rain"]),
        }
        for row in answer["predictions"]
    ]


def _inches(rain: float | None) -> str | None:
    return None if rain is None else f"{rain:.2f}"

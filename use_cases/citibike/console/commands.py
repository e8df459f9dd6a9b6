"""``forecast`` and ``outlook``, which hourly demand alone has."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group

from bikecast.errors import DeploymentError
from bikecast.names import PredictionSource, Step
from console import ui
from console.cloud.session import Cloud, find_cloud
from console.data.buckets import data_bucket
from console.executions.operations import operate
from console.monitoring.monitor import read_summary
from console.options import Json, TargetOption
from console.serving.api import deployed_api
from console.use_cases import require_hourly
from use_cases.citibike.console.files.uploading import upload_forecast
from use_cases.citibike.console.predictions import forecast_rows, forecast_warning


def forecast(
    hours: Annotated[int, typer.Option(min=24, max=168, help="How many of the next hours.")] = 24,
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """Show the newest weeks, the next hours with their intervals and rain, and the error by lead time.

    Example: bikecast forecast --hours 168
    """
    require_hourly("forecast")
    cloud = find_cloud(target)
    answer = deployed_api(cloud).get("/forecast", hours=hours)
    answer["warning"] = forecast_warning(answer)
    ui.show(answer, as_json=as_json, table=lambda: _shown(cloud, answer))


def _shown(cloud: Cloud, answer: dict[str, Any]) -> Group:
    from use_cases.citibike.console.forecast_picture import ahead_picture, leads_picture, past_picture

    warning = [f"WARNING: {answer['warning']}", ""] if answer["warning"] else []
    rows = answer["predictions"]
    source = rows[0]["source"]
    leads = {} if source == PredictionSource.SEASONAL_NAIVE else deployed_api(cloud).get("/model")["leads"]
    pictures = (past_picture(_recent(cloud)), ahead_picture(rows), leads_picture(leads))
    parts = [part for picture in pictures for part in (picture, "")]
    who = f"{rows[0]['model']}, version {rows[0]['model_version']} ({source})"
    return Group(*warning, *parts, ui.rows_table(forecast_rows(answer)), who, _basis(answer))


def _recent(cloud: Cloud) -> dict[str, Any] | None:
    try:
        return read_summary(cloud).get("recent")  # older code wrote none
    except DeploymentError:  # the monitor has not run yet, and the picture says so
        return None


def _basis(answer: dict[str, Any]) -> str:
    issued, known = answer["weather_issued_at"], answer["demand_known_until"]
    weather = (
        f"weather as forecast {issued}" if issued else "typical weather (`bikecast outlook` forecasts it)"
    )
    return f"demand known until {known or 'never'}; {weather}"


def outlook(
    file: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, help="Hourly forecasts as Open-Meteo exports them."),
    ] = None,
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """Publish the weather forecast that `bikecast forecast` rests on; without one it takes typical weather.

    Asks Open-Meteo, which needs no key, or takes the newest forecasts of a file: as its site exports them,
    known since the file was made, or with issue times. On AWS this happens every day by itself.

    Examples: bikecast outlook, bikecast outlook forecasts.parquet
    """
    require_hourly("outlook")
    cloud = find_cloud(target)
    payload = _forecast_of(cloud, file) if file else {}
    result = operate(cloud, Step.PUBLISH_OUTLOOK, payload=payload)
    ui.show(result, as_json=as_json, table=lambda: ui.pairs_table(dict(result or {})))


def _forecast_of(cloud: Cloud, file: Path) -> dict[str, str]:
    made_at = dt.datetime.fromtimestamp(file.stat().st_mtime, dt.UTC)
    return {"key": upload_forecast(data_bucket(cloud), file), "issued_at": made_at.isoformat()}

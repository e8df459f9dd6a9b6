"""``forecast`` and ``outlook``, which hourly demand alone has."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group

from bikecast.names import Step
from console import ui
from console.cloud.session import Cloud, find_cloud
from console.data.buckets import data_bucket
from console.executions.operations import operate
from console.options import Json, TargetOption
from console.serving.api import deployed_api
from console.use_cases import require_hourly
from use_cases.citibike.console.predictions import forecast_warning, prediction_rows
from use_cases.citibike.console.uploading import upload_forecast


def forecast(
    hours: Annotated[int, typer.Option(min=24, max=168, help="How many of the next hours.")] = 24,
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """Show the next hours with their intervals, and which weather they rest on.

    Example: bikecast forecast --hours 48
    """
    require_hourly("forecast")
    answer = deployed_api(find_cloud(target)).get("/forecast", hours=hours)
    answer["warning"] = forecast_warning(answer)
    first = [f"WARNING: {answer['warning']}", ""] if answer["warning"] else []
    ui.show(
        answer,
        as_json=as_json,
        table=lambda: Group(*first, ui.rows_table(prediction_rows(answer)), _basis(answer)),
    )


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

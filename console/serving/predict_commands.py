"""``predict``, ``forecast`` and ``outlook``."""

import datetime as dt
import json
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Group

from bikecast.errors import DeploymentError, InputError
from bikecast.names import TIME_ZONE, PredictionSource, Step, Target
from console import ui
from console.cloud.session import Cloud, find_cloud
from console.data.buckets import data_bucket
from console.data.uploading import upload_forecast
from console.executions.operations import operate
from console.monitoring.monitor import read_summary
from console.options import From, Json, TargetOption, To
from console.serving.forecast_picture import ahead_picture, leads_picture, past_picture
from console.serving.predictions import (
    deployed_api,
    forecast_rows,
    forecast_warning,
    predict_hour,
    prediction_rows,
)
from console.serving.row_predictions import answer_rows, predict_rows
from console.training.checks import require_period
from console.use_cases import declaration, refuse_hourly_options, require_hourly

HOUR_FORMATS = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"]


def predict(
    date: Annotated[
        dt.datetime | None,
        typer.Option(
            formats=HOUR_FORMATS,
            help="Hour to predict, New York time; the next one if absent.",
            show_default=False,
        ),
    ] = None,
    tmax: Annotated[
        float | None, typer.Option(help="Highest temperature of the day, °F.", show_default=False)
    ] = None,
    tmin: Annotated[
        float | None, typer.Option(help="Lowest temperature of the day, °F.", show_default=False)
    ] = None,
    snow: Annotated[float | None, typer.Option(help="Snowfall of the day, inch.", show_default=False)] = None,
    prcp: Annotated[float | None, typer.Option(help="Rain of the day, inch.", show_default=False)] = None,
    body: Annotated[
        Path | None,
        typer.Option("--input", exists=True, help="A file with the whole request body.", show_default=False),
    ] = None,
    first: From = None,
    last: To = None,
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """Ask the deployed API how many trips start in an hour, as any client would: POST /predict_trip.

    Weather that is not given is taken from the published forecast or a typical year; the answer says so.

    With --from and --to, days that have passed are predicted as they would have been served and kept in the
    prediction log; a repetition changes nothing.

    Examples: bikecast predict --date "2025-04-03 08:00" --tmax 61 --tmin 44 --prcp 0.1,
    bikecast predict --from 2025-03-01 --to 2025-03-31
    """
    use_case = declaration()
    if use_case is not None:
        hourly = {"--date": date, "--tmax": tmax, "--tmin": tmin, "--snow": snow, "--prcp": prcp}
        refuse_hourly_options(hourly | {"--from": first, "--to": last})
        answer = predict_rows(find_cloud(target), use_case, body)
        ui.show(answer, as_json=as_json, table=lambda: ui.rows_table(answer_rows(answer)))
        return
    if first or last:
        _predict_period(first, last, target=target, as_json=as_json)
        return
    cloud = find_cloud(target)
    if body:
        answer = deployed_api(cloud).post("/predict_trip", _read_body(body))
    else:
        hour = date or next_hour(dt.datetime.now(dt.UTC))
        given = {"TMAX": tmax, "TMIN": tmin, "SNOW": snow, "PRCP": prcp}
        answer = predict_hour(cloud, hour, given)
    parts = [answer["weather"]["origin"]] if "weather" in answer else []
    ui.show(answer, as_json=as_json, table=lambda: Group(ui.rows_table(prediction_rows(answer)), *parts))


def next_hour(now: dt.datetime) -> dt.datetime:
    """Return the start of the hour after an aware instant, as New York's clocks show it."""
    wall = now.astimezone(ZoneInfo(TIME_ZONE)).replace(tzinfo=None, minute=0, second=0, microsecond=0)
    return wall + dt.timedelta(hours=1)


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


def _predict_period(
    first: dt.datetime | None, last: dt.datetime | None, *, target: Target | None, as_json: bool
) -> None:
    if first is None or last is None:
        raise InputError("--from and --to belong together")
    cloud = find_cloud(target)
    require_period(cloud, first.date(), last.date())
    period = {"start": first.date().isoformat(), "end": last.date().isoformat()}
    result = operate(cloud, Step.PREDICT_PERIOD, payload=period)
    ui.show(result, as_json=as_json, table=lambda: ui.pairs_table(dict(result or {})))


def _read_body(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except ValueError as err:
        raise InputError(f"{path} is not valid JSON: {err}") from err

"""``predict``."""

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group

from bikecast.errors import InputError
from bikecast.names import PredictionSource, Target
from console import ui
from console.cloud.session import find_cloud
from console.options import From, Json, TargetOption, To
from console.serving.api import deployed_api
from console.serving.row_predictions import answer_rows, predict_rows
from console.serving.scored_file import add_truth, score_file
from console.use_cases import declaration, refuse_hourly_options
from use_cases.citibike.console.predictions import next_hour, predict_hour, predict_period, prediction_rows

if TYPE_CHECKING:
    from bikecast.use_case import UseCase

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
        typer.Option(
            "--input",
            exists=True,
            help="A file with the whole request body; with --output, a file as it is loaded.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Parquet file for the rows of --input with their predictions; without --input, the truths "
            "that were loaded since are filled in. Declared use cases only.",
            show_default=False,
        ),
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
    bikecast predict --from 2025-03-01 --to 2025-03-31,
    bikecast --use-case green_taxi predict --input green_tripdata_2021-03.parquet --output march.parquet
    """
    use_case = declaration()
    if use_case is not None:
        hourly = {"--date": date, "--tmax": tmax, "--tmin": tmin, "--snow": snow, "--prcp": prcp}
        refuse_hourly_options(hourly | {"--from": first, "--to": last})
        _predict_rows(use_case, body, output, target=target, as_json=as_json)
        return
    if output:
        raise InputError("--output: hours that have passed are predicted and kept with --from and --to")
    if first or last:
        result = predict_period(find_cloud(target), first, last)
        ui.show(result, as_json=as_json, table=lambda: ui.pairs_table(result))
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


def _predict_rows(
    use_case: "UseCase", body: Path | None, output: Path | None, *, target: Target | None, as_json: bool
) -> None:
    cloud = find_cloud(target)
    if output is None:
        answer = predict_rows(cloud, use_case, body)
        ui.show(answer, as_json=as_json, table=lambda: ui.rows_table(answer_rows(answer)))
        _note_fallback(answer["predictions"])
        return
    summary = score_file(cloud, use_case, body, output) if body else add_truth(cloud, use_case, output)
    ui.show(summary, as_json=as_json, table=lambda: ui.pairs_table(summary))


def _note_fallback(predictions: list[dict[str, Any]]) -> None:
    others = sorted({row["source"] for row in predictions} - {PredictionSource.CHAMPION})
    if others:
        ui.note(f"answered by {' and '.join(others)}, not by the champion: `bikecast logs predict` says why")


def _read_body(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (ValueError, RecursionError) as err:
        raise InputError(f"{path} is not valid JSON: {err}") from err

"""``train``: a retraining, followed to its decision."""

import datetime as dt
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bikecast.errors import InputError
from console import ui
from console.cloud.session import Cloud, find_cloud
from console.options import DAY_FORMATS, Json, TargetOption
from console.settings import use_case
from console.training.checks import require_no_training
from console.training.row_training import row_request, start_row_training
from console.use_cases import declaration, refuse_hourly_options
from use_cases.citibike.console.checks import parse_retraining, start_training

if TYPE_CHECKING:
    from bikecast.use_case import UseCase

Start = Annotated[
    dt.datetime | None,
    typer.Option(
        "--start", formats=DAY_FORMATS, help="First day used; 2024-01-01 if absent.", show_default=False
    ),
]
End = Annotated[
    dt.datetime | None,
    typer.Option(
        "--end",
        formats=DAY_FORMATS,
        help="Last day used; the latest complete month if absent.",
        show_default=False,
    ),
]
Trials = Annotated[int | None, typer.Option(help="Tuning trials in all; 50 if absent.", show_default=False)]
Workers = Annotated[
    int | None, typer.Option(help="Workers that share them; 2 if absent.", show_default=False)
]
Threshold = Annotated[
    float | None,
    typer.Option(
        help="Relative fall of the primary metric's error that a promotion needs; 0.1 if absent.",
        show_default=False,
    ),
]
TestSize = Annotated[
    float | None,
    typer.Option(help="Share of hours held out, the last in time; 0.2 if absent.", show_default=False),
]
Seed = Annotated[
    int | None, typer.Option(help="Seed of everything random; 42 if absent.", show_default=False)
]
Approval = Annotated[bool, typer.Option("--approval", help="Wait for `bikecast approve` before promoting.")]
Raw = Annotated[
    str | None,
    typer.Option(
        "--input", help="The request as JSON, sent as it is; the other options win.", show_default=False
    ),
]
TrainMonth = Annotated[
    list[str] | None,
    typer.Option(
        "--train-month",
        help="Month to train on, 2021-01; may be repeated. Where a use case splits by months.",
        show_default=False,
    ),
]
ValMonth = Annotated[
    list[str] | None,
    typer.Option("--val-month", help="Month that chooses, after those; may be repeated.", show_default=False),
]
TestMonth = Annotated[
    list[str] | None,
    typer.Option("--test-month", help="Month that judges, the last; may be repeated.", show_default=False),
]
Anyway = Annotated[bool, typer.Option("--anyway", help="Also beside a training that runs already.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Start only; follow later with `bikecast runs`.")]


def train(
    start: Start = None,
    end: End = None,
    trials: Trials = None,
    workers: Workers = None,
    threshold: Threshold = None,
    test_size: TestSize = None,
    seed: Seed = None,
    approval: Approval = False,
    raw: Raw = None,
    train_month: TrainMonth = None,
    val_month: ValMonth = None,
    test_month: TestMonth = None,
    no_wait: NoWait = False,
    anyway: Anyway = False,
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """Train, tune, judge and perhaps promote: one execution of the retrain state machine.

    Examples: bikecast train --start 2024-01-01 --end 2024-12-31 --trials 50 --workers 2,
    bikecast --use-case obesity train --trials 20,
    bikecast --use-case green_taxi train --train-month 2021-01 --val-month 2021-02 --test-month 2021-03

    A model that is judged worse than the champion is rejected; that is a success of the judge, and the
    command ends with 0. It ends with 1 when the execution fails, and prints the state and the cause.
    While a training runs, another is refused without --anyway.
    """
    options = {
        "start_train_date": start.date().isoformat() if start else None,
        "end_train_date": end.date().isoformat() if end else None,
        "n_trials": trials,
        "tuning_workers": workers,
        "threshold": threshold,
        "random_state": seed,
        "approval": approval or None,
    }
    months = {"train_months": train_month, "val_months": val_month, "test_months": test_month}
    split = _given(months | {"test_size": test_size})
    request = _raw_request(raw) | _given(options)
    declared = declaration()
    if declared is None:
        if _given(months):
            raise InputError("months: hourly demand has --start, --end and --test-size instead")
        request |= split
        parse_retraining(request)
    else:
        refuse_hourly_options({"--start": start, "--end": end})
        request = row_request(declared, request, split)
    cloud = find_cloud(target)
    if not anyway:
        require_no_training(cloud)
    _run(cloud, declared, request, no_wait=no_wait, as_json=as_json)


def _run(
    cloud: Cloud, declared: "UseCase | None", request: dict[str, Any], *, no_wait: bool, as_json: bool
) -> None:
    from console.training.retraining import summary, watch_training

    arn = start_row_training(cloud, declared, request) if declared else start_training(cloud, request)
    if no_wait:
        ui.show({"execution": arn}, as_json=as_json, table=lambda: arn)
        return
    execution = watch_training(cloud, arn)
    result = summary(execution)
    ui.show(execution.describe() | result, as_json=as_json, table=lambda: ui.pairs_table(result))


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _raw_request(text: str | None) -> dict[str, Any]:
    try:
        request = json.loads(text or "{}")
    except (ValueError, RecursionError) as err:
        raise InputError(f"--input is not valid JSON: {err}") from err
    if not isinstance(request, dict):
        raise InputError(f"--input must be a JSON object, but got {request!r}")
    named, chosen = request.get("use_case"), use_case()
    if named not in (None, chosen):
        raise InputError(f"--input is about {named!r}, but the command about {chosen}: choose by --use-case")
    return request

"""Checks of periods against what was loaded, before an execution starts; messages use the options' names."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bikecast.errors import FieldError, InputError
from bikecast.names import TIME_ZONE, Output
from bikecast.requests import parse_request
from console.cloud.champions import read_champion
from console.cloud.outputs import read_stack_outputs
from console.cloud.session import Cloud
from console.cloud.stores import data_store
from console.executions.executions import start_execution
from console.training.checks import OPTIONS, with_options
from use_cases.citibike.request import HourlyRequest

if TYPE_CHECKING:
    from bikecast.monitoring.windows import Window
    from use_cases.citibike.days import DataCoverage


def start_training(cloud: Cloud, request: Mapping[str, Any]) -> str:
    """Start a retraining and return the execution's ARN.

    What is sent is what was given: the machine has the defaults, and checks for any other caller too.

    Raises:
        InputError: A value is out of range, or the days are not loaded; nothing was started.
        DataError: No data was loaded yet.
    """
    require_trainable(cloud, request)
    machine = read_stack_outputs(cloud.cloudformation).require(Output.RETRAIN_STATE_MACHINE_ARN)
    return start_execution(cloud.stepfunctions, machine, payload=request, kind="train")


def require_trainable(cloud: Cloud, request: Mapping[str, Any]) -> None:
    """Refuse a training on days that were not loaded.

    Raises:
        InputError: A value is out of range, or the days are not there; the option is named.
        DataError: Nothing was loaded yet.
    """
    checked, coverage = parse_retraining(request), _coverage(cloud)
    try:
        coverage.require(checked.start_train_date, checked.end_train_date)
    except FieldError as err:
        told = str(err).replace(err.field, OPTIONS[err.field])
        window = f"`bikecast train --start {coverage.first} --end {coverage.latest_complete_month()}`"
        raise InputError(f"{told}: {window}") from err


def parse_retraining(request: Mapping[str, Any]) -> HourlyRequest:
    """Check a request for a retraining.

    Raises:
        InputError: Each bad value with its option.
    """
    start, end = request.get("start_train_date"), request.get("end_train_date")
    if isinstance(start, str) and isinstance(end, str) and start >= end:
        raise InputError(f"--start {start} is not before --end {end}")
    try:
        return parse_request(HourlyRequest, request)
    except InputError as err:
        raise InputError(with_options(str(err))) from err


def _coverage(cloud: Cloud) -> "DataCoverage":
    from use_cases.citibike.data_coverage import read_coverage

    return read_coverage(data_store(cloud))


def require_windows(cloud: Cloud, windows: Sequence["Window"], *, processed: bool, now: dt.datetime) -> None:
    """Refuse windows that begin after the data end; predictions may have been logged up to now.

    Raises:
        InputError: One does.
        DataError: Nothing was loaded yet.
    """
    from bikecast.monitoring.windows import today

    demand_end = _coverage(cloud).last + dt.timedelta(days=1)
    limit = demand_end if processed else max(demand_end, today(now, zone=TIME_ZONE))
    for window in windows:
        if window.start.date() >= limit:
            last, known = (day - dt.timedelta(days=1) for day in (window.end.date(), demand_end))
            raise InputError(
                f"{window.start.date()} to {last} lies beyond the data: demand is known until {known}; "
                "choose earlier days with --from and --to"
            )


def require_period(cloud: Cloud, first: dt.date, last: dt.date) -> None:
    """Refuse to predict a period without a champion, or beyond the weather that was loaded.

    Raises:
        InputError: The days are in the wrong order, or have no weather.
        DeploymentError: No model was promoted yet.
    """
    if last < first:
        raise InputError(f"--from {first} is after --to {last}")
    read_champion(cloud)
    coverage = _coverage(cloud)
    if first > coverage.last:
        raise InputError(
            f"{first} to {last} lies beyond the data: demand and weather are loaded for {coverage}; "
            "`bikecast forecast` predicts the days ahead"
        )

"""Checks of requests before an execution starts; messages use the command line's own options."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bikecast.errors import InputError
from bikecast.names import TIME_ZONE, Output, Prefix
from bikecast.requests import parse_request
from bikecast.storage import S3Store
from console.cloud.champions import champion_store, read_champion
from console.cloud.outputs import read_stack_outputs
from console.cloud.session import Cloud
from console.data.buckets import data_bucket
from console.settings import use_case
from use_cases.citibike.request import HourlyRequest

if TYPE_CHECKING:
    from bikecast.monitoring.windows import Window
    from use_cases.citibike.data_coverage import DataCoverage

# The fields of a retraining as options of `bikecast train`.
OPTIONS = {
    "start_train_date": "--start",
    "end_train_date": "--end",
    "n_trials": "--trials",
    "tuning_workers": "--workers",
    "threshold": "--threshold",
    "test_size": "--test-size",
    "random_state": "--seed",
    "approval": "--approval",
    "train_months": "--train-month",
    "val_months": "--val-month",
    "test_months": "--test-month",
}

# What pydantic says of a number out of range, and how a person says it.
RANGES = {
    "greater than or equal to": "at least",
    "greater than": "more than",
    "less than or equal to": "at most",
    "less than": "less than",
}


def running_training(cloud: Cloud) -> str | None:
    """Return the ARN of the newest training of the chosen use case that is under way."""
    from bikecast.serving.trainings import running_trainings

    machine = read_stack_outputs(cloud.cloudformation).require(Output.RETRAIN_STATE_MACHINE_ARN)
    return next(running_trainings(cloud.stepfunctions, machine, use_case=use_case()), None)


def require_no_training(cloud: Cloud) -> None:
    """Refuse a second training of the chosen use case beside one that runs.

    Raises:
        InputError: One runs; it is named, with what shows and what ends it.
    """
    found = running_training(cloud)
    if found is not None:
        name = found.rsplit(":", 1)[-1]
        raise InputError(
            f"the training {name} is running: follow it with `bikecast runs {name} --follow`, end it with "
            f"`bikecast stop {name}`, or start another beside it with --anyway"
        )


def require_trainable(cloud: Cloud, request: Mapping[str, Any]) -> None:
    """Refuse a training on days that were not loaded.

    Raises:
        InputError: A value is out of range, or the days are not there; the option is named.
        DataError: Nothing was loaded yet.
    """
    checked = parse_retraining(request)
    coverage = _coverage(cloud)
    start, end = checked.start_train_date, checked.end_train_date
    latest = coverage.latest_complete_month()
    window = f"`bikecast train --start {coverage.first} --end {latest}`"
    if end is not None and end > coverage.last:
        raise InputError(
            f"--end {end}: demand and weather are loaded for {coverage}; choose a day inside: {window}"
        )
    if start >= (end or latest) or (start < coverage.first and not _earlier_years(cloud, coverage)):
        raise InputError(
            f"--start {start}: demand and weather are loaded for {coverage}; choose days inside: {window}"
        )


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


def with_options(text: str) -> str:
    """Return what is wrong with a request in the words of the command line."""
    text = text.replace("input: Value error, ", "").replace("Value error, ", "")
    for field, option in OPTIONS.items():
        text = re.sub(rf"\b{field}(\.\d+)?:", f"{option}:", text).replace(f"`{field}`", option)
    for pattern, plain in RANGES.items():
        text = re.sub(f": Input should be {pattern} ", f" must be {plain} ", text)
    return text


def _coverage(cloud: Cloud) -> "DataCoverage":
    from use_cases.citibike.data_coverage import read_coverage

    return read_coverage(S3Store(cloud.s3, data_bucket(cloud).name))


def _earlier_years(cloud: Cloud, coverage: "DataCoverage") -> bool:
    """Tell whether older tables are there than those of the latest stretch of days."""
    prefix = Prefix.PROCESSED_CITIBIKE
    names = [key.removeprefix(prefix) for key in data_bucket(cloud).keys(prefix)]
    return any(name[:4].isdigit() and int(name[:4]) < coverage.first.year for name in names)


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


def require_rollback(cloud: Cloud, version: str | None, *, force: bool) -> None:
    """Refuse a rollback that has nothing to go back to.

    Raises:
        InputError: There is no champion before this one, or the version was never promoted, or serves.
        DeploymentError: No model was promoted yet.
    """
    champions = champion_store(cloud)
    current = champions.look()
    earlier = [e.manifest for e in champions.history.since_retirement(current=current.manifest)]
    others = [each.version for each in earlier if each.identity != current.identity]
    told = f"promoted before: {', '.join(dict.fromkeys(others)) or 'none'}"
    if version is not None:
        if version == current.version and version not in others:
            raise InputError(f"--to {version}: this version serves already")
        if version not in others and not force:
            raise InputError(
                f"--to {version}: this version was never promoted; {told}; "
                f"`bikecast rollback --to {version} --force --reason WHY` puts it there nevertheless"
            )
        return
    if current.problem is not None:
        raise InputError(f"{current.problem}; {told}")
    manifest = read_champion(cloud)
    if manifest.previous is None:
        raise InputError(
            f"version {manifest.version} has no champion before it: a rollback works once two models have "
            "been promoted"
        )

"""Retraining a declared use case: its request, checked as the state machine checks it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bikecast.errors import DataError, InputError
from bikecast.names import Output
from console.cloud.outputs import read_stack_outputs
from console.cloud.session import Cloud
from console.cloud.stores import data_store
from console.executions.executions import start_execution
from console.training.checks import OPTIONS, with_options

if TYPE_CHECKING:
    from bikecast.use_case import UseCase

MONTHS = ("train_months", "val_months", "test_months")


def row_request(use_case: "UseCase", given: Mapping[str, Any], split: Mapping[str, Any]) -> dict[str, Any]:
    """Return the input of the retrain machine for a declared use case.

    Args:
        use_case: Whose model is trained.
        given: What every use case's request has, as far as a person gave it.
        split: Fields that belong to the use case's split, as far as a person gave them.
    Raises:
        InputError: The request breaks its contract; every bad field is named by its option.
    """
    from bikecast.use_case.requests import checked_request

    _refuse_other_splits(use_case, split)
    own = {"use_case": use_case.name, "registered_model_name": use_case.model_name}
    request = own | dict(given) | dict(split)
    try:
        checked_request(request)
    except InputError as err:
        raise InputError(with_options(str(err))) from err
    return request


def _refuse_other_splits(use_case: "UseCase", split: Mapping[str, Any]) -> None:
    known = use_case.split.request_model.model_fields
    other = [OPTIONS[name] for name in split if name not in known]
    if other:
        there = ", ".join(OPTIONS.get(name, name) for name in known)
        told = f"it has {there} instead" if there else "it always splits its rows alike"
        raise InputError(f"{', '.join(other)}: {use_case.name} does not split its rows so; {told}")


def start_row_training(cloud: Cloud, use_case: "UseCase", request: Mapping[str, Any]) -> str:
    """Start a retraining and return the execution's ARN.

    Raises:
        DataError: Nothing was loaded yet.
        InputError: A month that is named was not loaded.
    """
    from bikecast.examples import partitions

    loaded = partitions(data_store(cloud), use_case)
    if not loaded:
        raise DataError(
            f"no {use_case.row[1]} are loaded: run `bikecast --use-case {use_case.name} load PATH`, or "
            "`load --simulate`"
        )
    if use_case.examples.partition == "month":
        _require_months(_named_months(use_case, request), loaded)
    machine = read_stack_outputs(cloud.cloudformation).require(Output.RETRAIN_STATE_MACHINE_ARN)
    return start_execution(cloud.stepfunctions, machine, payload=request, kind="train")


def _named_months(use_case: "UseCase", request: Mapping[str, Any]) -> Iterator[str]:
    split = {name: request[name] for name in use_case.split.request_model.model_fields if name in request}
    for name, value in use_case.split.request_model.model_validate(split):
        if name in MONTHS and value is not None:
            yield from value


def _require_months(months: Iterable[str], loaded: Sequence[str]) -> None:
    absent = sorted(set(months) - set(loaded))
    if absent:
        raise InputError(f"{', '.join(absent)}: not loaded; there are {', '.join(loaded)}")

"""Retraining a declared use case: its request, checked as the state machine checks it."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from bikecast.errors import DataError, InputError
from bikecast.names import Output
from console.cloud.outputs import read_stack_outputs
from console.cloud.session import Cloud
from console.cloud.stores import data_store
from console.executions.executions import start_execution

if TYPE_CHECKING:
    from bikecast.use_case import UseCase


def row_request(use_case: "UseCase", given: Mapping[str, Any], split: Iterable[str]) -> dict[str, Any]:
    """Return the input of the retrain machine for a declared use case.

    Args:
        use_case: Whose model is trained.
        given: What every use case's request has, as far as a person gave it.
        split: ``name=value[,value]`` for fields that belong to the use case's split.
    Raises:
        InputError: The request breaks its contract; every bad field is named.
    """
    from bikecast.use_case.requests import checked_request

    names = tuple(use_case.split.request_model.model_fields)
    own = {"use_case": use_case.name, "registered_model_name": use_case.model_name}
    request = own | dict(given) | dict(_split_field(text, names) for text in split)
    checked_request(request)
    return request


def start_row_training(cloud: Cloud, use_case: "UseCase", request: Mapping[str, Any]) -> str:
    """Start a retraining and return the execution's ARN.

    Raises:
        DataError: Nothing was loaded yet.
    """
    from bikecast.examples import partitions

    if not partitions(data_store(cloud), use_case):
        raise DataError(
            f"no {use_case.row[1]} are loaded: run `bikecast --use-case {use_case.name} load PATH`, or "
            "`load --simulate`"
        )
    machine = read_stack_outputs(cloud.cloudformation).require(Output.RETRAIN_STATE_MACHINE_ARN)
    return start_execution(cloud.stepfunctions, machine, payload=request, kind="train")


def _split_field(text: str, names: tuple[str, ...]) -> tuple[str, Any]:
    name, given, value = text.partition("=")
    if not given or name not in names:
        raise InputError(
            f"--split {text}: write NAME=VALUE[,VALUE]; names are {', '.join(names)}"
            if names
            else f"--split {text}: the split of this use case has no fields"
        )
    return name, _number(value)


def _number(value: str) -> Any:
    """Return a number as such; anything else is text, which lists are read from."""
    try:
        found = json.loads(value)
    except ValueError:
        return value
    return found if isinstance(found, int | float) else value

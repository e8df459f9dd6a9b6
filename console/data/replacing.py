"""Replacing simulated data by real data: confirmed by a person, and what they taught retired last."""

import sys

import typer

from bikecast.errors import InputError
from bikecast.names import Step
from console import ui
from console.cloud.champions import retire_simulated
from console.cloud.session import Cloud
from console.executions.operations import operate
from console.pages.services import refresh_evidently

FLAG = "--replace-simulated"
QUESTION = "The cloud holds simulated data. Remove it, and the model that it taught, for the real data?"


def retire_replaced(cloud: Cloud) -> None:
    """Retire the champion that simulated data taught; dashboard and pages show what it did as the past.

    Raises:
        ExecutionError: The champion is retired, but the dashboard could not be written anew.
    """
    if retire_simulated(cloud):
        operate(cloud, Step.REFRESH_DASHBOARD, payload={})
        refresh_evidently(cloud)


def require_agreement(*, agreed: bool) -> None:
    """Go on only if simulated data may be removed; a person at a terminal is asked.

    Raises:
        InputError: Nobody agreed.
    """
    if not (agreed or _agrees()):
        raise InputError(f"the cloud holds simulated data: load real data with {FLAG} to remove it first")
    ui.note("removing the simulated data before real data is loaded")


def _agrees() -> bool:
    return sys.stdin.isatty() and typer.confirm(QUESTION, err=True)

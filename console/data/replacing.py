"""Replacing simulated data by real data: agreed to by a person, removed last, back if the load fails."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import typer

from bikecast.errors import BikecastError, InputError
from bikecast.names import SIMULATED_MARKER, Prefix, Step
from console import ui
from console.cloud.champions import retire_simulated
from console.cloud.session import Cloud
from console.data.buckets import Bucket
from console.executions.operations import operate
from console.pages.services import refresh_evidently
from console.settings import use_case

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


@contextmanager
def set_aside(bucket: Bucket, loaded: Callable[[], Iterable[str]], *, needed: bool) -> Iterator[None]:
    """Set what is loaded aside for a load of real data; it is removed when the load has succeeded.

    If the load fails, it is put back and what the load left is removed. If nobody knows how the load ends,
    because it is not watched any more, what was set aside stays there until another load has succeeded.

    Args:
        bucket: The data bucket.
        loaded: Returns the keys of what is loaded.
        needed: Something must make room.
    """
    aside = f"{Prefix.REPLACED}{use_case()}/"
    if needed:
        with _back_on_failure(bucket, loaded, aside):
            yield
    else:
        yield
    bucket.clear(aside)


@contextmanager
def _back_on_failure(bucket: Bucket, loaded: Callable[[], Iterable[str]], aside: str) -> Iterator[None]:
    for key in sorted(loaded(), key=is_marker):  # the mark goes last: until then they are simulated data
        bucket.move(key, aside + key)
    try:
        yield
    except BikecastError:
        _put_back(bucket, loaded(), aside)
        raise
    except BaseException:
        ui.note(f"the simulated data are kept under s3://{bucket.name}/{aside} until a load has succeeded")
        raise


def _put_back(bucket: Bucket, loaded: Iterable[str], aside: str) -> None:
    for key in loaded:
        bucket.delete(key)
    for key in bucket.keys(aside):
        bucket.move(key, key.removeprefix(aside))
    ui.note("the load failed, and the simulated data are back: load all files again once it is mended")


def is_marker(key: str) -> bool:
    """Tell the simulator's mark from its files."""
    return key.rsplit("/", 1)[-1] == SIMULATED_MARKER


def require_agreement(*, agreed: bool) -> None:
    """Go on only if simulated data may be removed; a person at a terminal is asked.

    Raises:
        InputError: Nobody agreed.
    """
    if not (agreed or _agrees()):
        raise InputError(f"the cloud holds simulated data: load real data with {FLAG} to remove it first")
    ui.note("the simulated data make room for real data, and are removed once those are loaded")


def _agrees() -> bool:
    return sys.stdin.isatty() and typer.confirm(QUESTION, err=True)

"""Finds use cases by name: the only module that looks into ``use_cases``."""

import pkgutil
import traceback
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

from bikecast.errors import InputError

if TYPE_CHECKING:
    from bikecast.use_case.declaration import UseCase

PACKAGE = "use_cases"


def names() -> tuple[str, ...]:
    """Return the names of all use cases that are installed here, sorted."""
    package = find_spec(PACKAGE)
    if package is None or package.submodule_search_locations is None:
        return ()
    folders = pkgutil.iter_modules(package.submodule_search_locations)
    return tuple(sorted(item.name for item in folders if item.ispkg))


def own(name: str, part: str) -> ModuleType | None:
    """Return a module that a use case brings in place of the platform's, None where it brings none.

    Args:
        name: Of the use case.
        part: ``serving`` (has ``SERVING``), ``watch`` (has ``WATCH``), ``request`` (has ``REQUEST``,
            ``SCOPE``, ``TABLES`` and ``require_loaded``), ``loading.plan`` (has ``IngestRequest`` and
            ``plan_ingestion``) or ``steps.<step>`` (has ``run``).
    Raises:
        InputError: There is no such use case here.
    """
    check(name)
    place = f"{PACKAGE}.{name}.{part}"
    try:
        found = find_spec(place)
    except ModuleNotFoundError:  # the use case has no such folder
        return None
    return None if found is None else import_module(place)


def check(name: str) -> None:
    """Raise ``InputError`` unless there is such a use case here."""
    if name not in (known := names()):
        raise InputError(f"use case: must be one of {', '.join(known)} (got {name!r})")


def is_declared(name: str) -> bool:
    """Tell whether a use case has a declaration, from which the platform derives what it does not bring."""
    check(name)
    return find_spec(f"{PACKAGE}.{name}.use_case") is not None


def docstring(name: str) -> str:
    """Return what a use case's package says it is, without the full stop."""
    check(name)
    return (import_module(f"{PACKAGE}.{name}").__doc__ or "").removesuffix(".")


def load(name: str) -> "UseCase":
    """Return a use case by name.

    Raises:
        InputError: There is no such use case here, or its declaration fails; the message names the line.
    """
    check(name)
    try:
        found: UseCase = import_module(f"{PACKAGE}.{name}.use_case").USE_CASE
    except Exception as err:  # whatever somebody's code raises, people are told of it in the same way
        raise InputError(_why_it_fails(name, err)) from err
    return found


def _why_it_fails(name: str, err: Exception) -> str:
    folder = f"{PACKAGE}/{name}/"
    places = [frame for frame in traceback.extract_tb(err.__traceback__) if folder in frame.filename]
    last = places[-1] if places else None
    line = f" in line {last.lineno} of {folder}{last.filename.rpartition(folder)[2]}" if last else ""
    return f"the declaration of {name} fails{line}: {type(err).__name__}: {err}"

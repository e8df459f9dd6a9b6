"""Finds use cases by name: the only module that looks into ``use_cases``."""

import pkgutil
from importlib import import_module
from importlib.util import find_spec

from bikecast.errors import InputError
from bikecast.use_case.declaration import UseCase

PACKAGE = "use_cases"


def names() -> tuple[str, ...]:
    """Return the names of all use cases that are installed here, sorted."""
    package = find_spec(PACKAGE)
    if package is None or package.submodule_search_locations is None:
        return ()
    folders = pkgutil.iter_modules(package.submodule_search_locations)
    return tuple(sorted(item.name for item in folders if item.ispkg))


def load(name: str) -> UseCase:
    """Return a use case by name.

    Raises:
        InputError: There is no such use case here.
    """
    if name not in names():
        raise InputError(f"use case: must be one of {', '.join(names())} (got {name!r})")
    found: UseCase = import_module(f"{PACKAGE}.{name}.use_case").USE_CASE
    return found

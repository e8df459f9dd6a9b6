"""Functions that are imported when they are called, not when the declaration is."""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def later(place: str) -> Callable[..., Any]:
    """Return a function that stands for another one.

    A declaration is read where pandas or FastAPI is not installed; what needs them is named by this.

    Args:
        place: Module and function, as ``use_cases.obesity.simulation:simulate``.
    """
    module, name = place.split(":")

    def call(*args: Any, **options: Any) -> Any:
        return getattr(import_module(module), name)(*args, **options)

    call.__name__ = name
    call.__qualname__ = place
    return call

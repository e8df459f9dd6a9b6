"""How a fix makes sure that it changes the code it was written for."""

import hashlib
import inspect
from collections.abc import Callable
from typing import Any


class AnchorError(RuntimeError):
    """The emulator is not the one that a fix was written for."""


def swap(text: str, old: str, new: str) -> str:
    """Replace the one occurrence of ``old``.

    Raises:
        AnchorError: It does not occur exactly once.
    """
    if text.count(old) != 1:
        raise AnchorError(f"expected once, found {text.count(old)} times: {old[:80]!r}")
    return text.replace(old, new)


def require(function: Callable[..., Any], *lines: str) -> None:
    """Make sure that a function still reads as it did when the fix was written.

    Raises:
        AnchorError: A line is missing from its source.
    """
    source = inspect.getsource(function)
    for line in lines:
        if line not in source:
            raise AnchorError(f"{function.__module__}.{function.__qualname__} no longer has {line!r}")


def digest(function: Callable[..., Any]) -> str:
    """A short digest of a function's source, for fixes that replace it whole."""
    return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:12]

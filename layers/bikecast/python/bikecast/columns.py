"""Rows as columns: one array an input, by name."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from bikecast.errors import FeatureError

Columns = Mapping[str, NDArray[Any]]


def needed(columns: Columns, name: str) -> NDArray[Any]:
    """Return a column that must be there.

    Raises:
        FeatureError: It is not.
    """
    if name not in columns:
        raise FeatureError(f"input `{name}` is missing")
    return columns[name]

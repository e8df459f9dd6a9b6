"""The published files: one with an id, later ones without."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from use_cases.obesity.inputs import INPUTS, TARGET

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = (*(item.name for item in INPUTS), TARGET)
_NEEDED = {item.name for item in INPUTS if not item.optional}


def recognises(names: Sequence[str]) -> bool:
    """Tell a file of persons by its columns, in any order and with or without an id."""
    return set(names) >= _NEEDED


def read(raw: "pd.DataFrame") -> "pd.DataFrame":
    """Take the columns that are known."""
    return raw[[name for name in _COLUMNS if name in raw]]

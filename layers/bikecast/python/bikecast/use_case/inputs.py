"""Inputs, which people and files give, and features, which the model is given; both declared, never inferred.

Values travel as columns: one array an input, by name. Numbers are float64 with NaN where missing, categories
object arrays of text with None where missing, moments datetime64[s] with NaT, texts object arrays.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bikecast.arrays import Matrix
from bikecast.columns import Columns


@dataclass(frozen=True)
class Number:
    """A number in a closed range; a value outside is a mistake of unit or sensor and is refused."""

    low: float
    high: float
    integer: bool = False

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"Number({self.low:g}, {self.high:g}): the least number comes first")


@dataclass(frozen=True)
class Category:
    """One of some levels.

    An unknown level is answered as missing and counted, or refused where the use case says so.
    """

    levels: tuple[str, ...]
    unknown: Literal["missing", "refuse"] = "missing"


@dataclass(frozen=True)
class Moment:
    """A wall time without an offset, in the time zone of the data.

    With ``clock`` false it is a day, written without a time of day; its moment is midnight.
    """

    clock: bool = True


@dataclass(frozen=True)
class Text:
    """Text that identifies a row; never a feature."""


Kind = Number | Category | Moment | Text


@dataclass(frozen=True)
class Input:
    """One value that a request or a file gives for each row.

    Attributes:
        name: As the published files and the API spell it.
        meaning: One plain clause, shown in the API's document and on dashboards.
        kind: What is legal.
        unit: Shown behind values; empty for codes and categories.
        optional: May be absent; the model then sees it as missing.
        watched: The monitor compares its distribution with the reference.
    """

    name: str
    meaning: str
    kind: Kind
    unit: str = ""
    optional: bool = False
    watched: bool = True


@dataclass(frozen=True)
class Feature:
    """One column of the matrix; a categorical one holds the index of its level as a float, NaN if missing."""

    name: str
    meaning: str
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Features:
    """The model's columns and the one function that builds them, for training, serving and monitoring alike.

    Attributes:
        columns: In the order of the matrix.
        build: From columns of inputs, each of shape (n,), to a float32 matrix of shape (n, n_features);
            NaN where an input is missing. Raises ``FeatureError`` for a needed input that is missing.
    """

    columns: tuple[Feature, ...]
    build: Callable[[Columns], Matrix]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(feature.name for feature in self.columns)

    @property
    def categorical(self) -> tuple[int, ...]:
        """Positions of the categorical columns."""
        return tuple(position for position, feature in enumerate(self.columns) if feature.levels)


def level_text(value: Any, levels: tuple[str, ...]) -> str:
    """Return a value as the text of a level: ``2``, ``2.0`` and ``"2.0"`` are the level ``"2"``."""
    text = str(value).strip()
    whole = text.removesuffix(".0")
    return whole if text not in levels and whole.lstrip("-").isdecimal() else text


def level_codes(values: NDArray[Any], levels: tuple[str, ...]) -> NDArray[np.float64]:
    """Return the index of each value's level; NaN for None and for a level that is not declared."""
    index = {level: float(position) for position, level in enumerate(levels)}
    return np.asarray([index.get(value, np.nan) for value in values.tolist()], dtype=np.float64)

"""What is predicted: a number or a class; and named parts of the rows."""

from collections.abc import Callable
from dataclasses import dataclass

from bikecast.arrays import Mask
from bikecast.columns import Columns


@dataclass(frozen=True)
class Regression:
    """Predict a number; predictions are clipped to the bounds."""

    target: str
    unit: str
    low: float
    high: float
    meaning: str = ""


@dataclass(frozen=True)
class Classification:
    """Predict one of some classes; ``positive`` names the class that a two-class metric is about.

    In arrays a class is its index in ``classes``.
    """

    target: str
    classes: tuple[str, ...]
    positive: str | None = None
    meaning: str = ""


Task = Regression | Classification


@dataclass(frozen=True)
class Segment:
    """A named part of the rows on which a challenger must not be significantly worse."""

    name: str
    rows: Callable[[Columns], Mask]

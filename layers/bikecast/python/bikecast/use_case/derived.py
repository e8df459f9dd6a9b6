"""What follows from the inputs where a declaration says nothing else: features, and an example of a row."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.columns import Columns, needed
from bikecast.use_case.inputs import Category, Feature, Features, Input, Moment, Number, Text, level_codes

_EXAMPLE_DAY, _EXAMPLE_TIME = "2024-01-02", "2024-01-02 08:00:00"
_Part = tuple[Feature, Callable[[Columns], Array]]


def features_of(inputs: Sequence[Input]) -> Features:
    """Return the features that need no knowledge of the subject.

    Numbers as they are, categories as codes of their levels, moments as hour (with its fraction; a day has
    none), weekday (0 for Monday) and month; texts give none. Missing values stay missing.
    """
    parts = [part for item in inputs for part in _parts(item)]
    columns, functions = tuple(feature for feature, _ in parts), [function for _, function in parts]
    return Features(columns, partial(_build, functions))


def example_of(inputs: Sequence[Input]) -> dict[str, Any]:
    """Return a legal row: numbers in the middle of their range, the first level of categories."""
    return {item.name: _example(item.kind) for item in inputs if not item.optional}


def _build(functions: Sequence[Callable[[Columns], Array]], columns: Columns) -> Matrix:
    return np.column_stack([function(columns) for function in functions]).astype(np.float32)


def _parts(item: Input) -> list[_Part]:
    name, read = re.sub(r"\W+", "_", item.name), partial(_column, item.name)
    match item.kind:
        case Number():
            return [(Feature(name, item.meaning), read)]
        case Category(levels):
            return [(Feature(name, item.meaning, levels), lambda columns: level_codes(read(columns), levels))]
        case Moment(clock):
            hour = (Feature(f"{name}_hour", f"{item.meaning}: hour"), lambda columns: _hour(read(columns)))
            weekday = Feature(f"{name}_weekday", f"{item.meaning}: weekday, 0 for Monday")
            month = Feature(f"{name}_month", f"{item.meaning}: month")
            return [
                *([hour] if clock else []),
                (weekday, lambda columns: _weekday(read(columns))),
                (month, lambda columns: _month(read(columns))),
            ]
        case Text():
            return []


def _column(name: str, columns: Columns) -> Any:
    return needed(columns, name)


def _hour(times: Any) -> Array:
    seconds = times.astype("datetime64[s]") - times.astype("datetime64[D]")
    return _number(seconds, np.isnat(times)) / 3_600


def _weekday(times: Any) -> Array:
    days = times.astype("datetime64[D]")
    return (_number(days, np.isnat(times)) + 3) % 7  # the first of 1970 was a Thursday


def _month(times: Any) -> Array:
    return _number(times.astype("datetime64[M]"), np.isnat(times)) % 12 + 1


def _number(values: Any, missing: Any) -> Array:
    return np.where(missing, np.nan, values.astype(np.int64))


def _example(kind: Any) -> Any:
    match kind:
        case Number(low, high, integer):
            middle = (low + high) / 2
            return int(middle) if integer else float(f"{middle:.4g}")
        case Category(levels):
            return levels[0]
        case Moment(clock):
            return _EXAMPLE_TIME if clock else _EXAMPLE_DAY
        case Text():
            return "example"

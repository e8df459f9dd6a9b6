"""Rows of a table as arrays: columns of inputs, features and target."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bikecast.arrays import Array
from bikecast.columns import Columns
from bikecast.evaluation.sample import Sample
from bikecast.use_case import Category, Classification, Moment, Number, Text, UseCase
from bikecast.use_case.inputs import level_codes

if TYPE_CHECKING:
    import pandas as pd


def columns_of(use_case: UseCase, frame: "pd.DataFrame") -> Columns:
    """Return the inputs of a checked frame as columns."""
    return {item.name: _array(frame[item.name], item.kind) for item in use_case.inputs}


def target_of(use_case: UseCase, frame: "pd.DataFrame") -> Array:
    """Return the target of a checked frame: the number, or the index of the class."""
    column = frame[use_case.task.target]
    if isinstance(use_case.task, Classification):
        return level_codes(column.to_numpy(dtype=object), use_case.task.classes)
    return column.to_numpy(dtype=np.float64)


def to_sample(use_case: UseCase, frame: "pd.DataFrame") -> Sample:
    """Return a checked frame as a sample.

    Raises:
        FeatureError: Features cannot be built from it.
    """
    columns = columns_of(use_case, frame)
    time = use_case.examples.time
    return Sample(
        columns=columns,
        time=None if time is None else columns[time],
        features=use_case.features.build(columns),
        target=target_of(use_case, frame),
    )


def _array(column: "pd.Series[Any]", kind: Number | Category | Moment | Text) -> NDArray[Any]:
    match kind:
        case Number():
            return column.to_numpy(dtype=np.float64)
        case Moment():
            return column.to_numpy().astype("datetime64[s]")
        case Category() | Text():
            return column.to_numpy(dtype=object)

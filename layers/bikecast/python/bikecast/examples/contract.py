"""The contract of a use case's rows, derived from its declaration: what must be there, ranges, levels, types.

Loading refuses single rows by it, and every reader of a table checks the whole table by it.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bikecast.arrays import Mask
from bikecast.errors import DataError
from bikecast.examples.values import frame_of
from bikecast.use_case import Category, Input, Moment, Number, Regression, Task, Text, UseCase

_SHOWN = 5


def declared_columns(use_case: UseCase) -> tuple[Input, ...]:
    """Return the table's columns: inputs, then the target as a required one."""
    return (*use_case.inputs, _target(use_case.task))


def _target(task: Task) -> Input:
    if isinstance(task, Regression):
        return Input(task.target, task.meaning, Number(task.low, task.high), unit=task.unit)
    return Input(task.target, task.meaning, Category(task.classes, unknown="refuse"))


def broken(frame: pd.DataFrame, use_case: UseCase) -> NDArray[Any]:
    """Return what the first problem of each row is, None where there is none.

    Args:
        frame: All declared columns in their types.
        use_case: Whose contract it is.
    """
    reasons = np.full(len(frame), None, dtype=object)
    for declared in declared_columns(use_case):
        for rows, problem in _problems(frame[declared.name].to_numpy(), declared):
            reasons[rows & (reasons == None)] = f"{declared.name}: {problem}"  # noqa: E711 - elementwise
    return reasons


def checked(frame: pd.DataFrame, use_case: UseCase, name: str) -> pd.DataFrame:
    """Return the declared columns in their types.

    Args:
        frame: A stored table.
        use_case: Whose contract it is.
        name: What the table is called.
    Raises:
        DataError: The contract is broken; the first few problems are named with column and row.
    """
    columns = declared_columns(use_case)
    missing = [item.name for item in columns if item.name not in frame.columns]
    if missing:
        raise DataError(f"{name} lacks the columns {', '.join(missing)}; load its files again")
    found = frame_of({item.name: _stored(frame[item.name], item, name) for item in columns})
    reasons = broken(found, use_case)
    rows = np.flatnonzero(reasons != None)  # noqa: E711 - elementwise
    if len(rows):
        shown = "; ".join(f"row {row}, {reasons[row]}" for row in rows[:_SHOWN].tolist())
        more = f"; and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
        raise DataError(f"{name} breaks the contract of {use_case.name}: {shown}{more}; load its files again")
    return found


def _problems(values: NDArray[Any], declared: Input) -> Iterator[tuple[Mask, str]]:
    absent = np.asarray(pd.isna(values))
    kind = declared.kind
    if not declared.optional and not (isinstance(kind, Category) and kind.unknown == "missing"):
        yield absent, "missing"
    if isinstance(kind, Number):
        yield ~absent & ~((values >= kind.low) & (values <= kind.high)), f"outside {_range(kind, declared)}"
        if kind.integer:
            yield ~absent & (values != np.floor(values)), "not a whole number"
    if isinstance(kind, Category):
        yield ~absent & ~np.asarray(pd.Series(values, dtype=object).isin(kind.levels)), "unknown level"
    if isinstance(kind, Moment) and not kind.clock:
        yield ~absent & (values != values.astype("datetime64[D]")), "not a day"


def _range(kind: Number, declared: Input) -> str:
    return f"{kind.low:g} to {kind.high:g} {declared.unit}".rstrip()


def _stored(column: "pd.Series[Any]", declared: Input, name: str) -> NDArray[Any]:
    try:
        match declared.kind:
            case Number():
                return column.to_numpy(dtype=np.float64, na_value=np.nan)
            case Moment():
                return column.to_numpy().astype("datetime64[s]")
            case Category() | Text():
                return column.astype(object).where(column.notna(), None).to_numpy()
    except (TypeError, ValueError) as err:
        raise DataError(f"{name}: column {declared.name} has another type; load its files again") from err

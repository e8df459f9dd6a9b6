"""Values as published in the declared types; what cannot be read is told apart from what is missing."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bikecast.arrays import Mask
from bikecast.errors import InputError
from bikecast.use_case import Category, Input, Moment, Number, Text
from bikecast.use_case.inputs import level_text

_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "nat", "<na>"})
_MOMENT = r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?"
_DAY = r"\d{4}-\d{2}-\d{2}([ T]00:00(:00(\.0+)?)?)?"
# A spreadsheet turns long identities into such numbers: different rows then share one.
_DESTROYED_IDENTITY = re.compile(r"\d+(\.\d+)?[Ee]\+\d+")
_FIRST, _LAST = np.datetime64("1678-01-01"), np.datetime64("2262-01-01")


@dataclass(frozen=True)
class Typed:
    """One column in its declared type.

    Attributes:
        values: As ``bikecast.use_case.inputs`` says that columns travel.
        unreadable: Rows of which the value is there and cannot be read; it is missing in ``values``.
        unknown: How often each undeclared level was found; such a value is missing.
    """

    values: NDArray[Any]
    unreadable: Mask
    unknown: Counter[str] = field(default_factory=Counter)


def typed(column: "pd.Series[Any]", declared: Input) -> Typed:
    """Bring one column into its declared type.

    Raises:
        InputError: A typed file's column can never be of this kind.
    """
    match declared.kind:
        case Number():
            return _numbers(column)
        case Category() as kind:
            return _levels(column, kind)
        case Moment() as kind:
            return _moments(column, kind, declared.name)
        case Text():
            return _texts(column)


def absent(declared: Input, rows: int) -> NDArray[Any]:
    """Return a column of missing values."""
    match declared.kind:
        case Number():
            return np.full(rows, np.nan)
        case Moment():
            return np.full(rows, "NaT", dtype="datetime64[s]")
        case Category() | Text():
            return np.full(rows, None, dtype=object)


def frame_of(columns: Mapping[str, NDArray[Any]], index: pd.Index | None = None) -> pd.DataFrame:
    """Return columns as a frame that keeps their types; texts stay objects with None where missing."""
    series = {name: pd.Series(values, index, dtype=values.dtype) for name, values in columns.items()}
    return pd.DataFrame(series, index=index)


def _numbers(column: "pd.Series[Any]") -> Typed:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return Typed(values, np.isinf(values))
    texts, missing = _stripped(column)
    values = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce").to_numpy(np.float64)
    readable = np.isfinite(values)
    return Typed(np.where(readable, values, np.nan), ~readable & ~missing)


def _levels(column: "pd.Series[Any]", kind: Category) -> Typed:
    codes, distinct = pd.factorize(column, use_na_sentinel=True)
    texts = [level_text(value, kind.levels) for value in distinct.tolist()]
    missing = [text not in kind.levels and text.lower() in _MISSING for text in texts]
    drop = [
        lost or (kind.unknown == "missing" and text not in kind.levels)
        for text, lost in zip(texts, missing, strict=True)
    ]
    levels = np.array(
        [None if lost else text for text, lost in zip(texts, drop, strict=True)] + [None], object
    )
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    unknown = Counter(
        {
            text: int(count)
            for text, lost, gone, count in zip(texts, missing, drop, counts, strict=True)
            if gone and not lost
        }
    )
    return Typed(levels[codes], np.zeros(len(column), dtype=bool), unknown)


def _moments(column: "pd.Series[Any]", kind: Moment, name: str) -> Typed:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        raise InputError(f"column {name} has times with an offset; write wall times of the data's time zone")
    if pd.api.types.is_datetime64_any_dtype(column):
        return _in_seconds(column, column.isna().to_numpy())
    texts, missing = _stripped(column)
    series = pd.Series(texts, dtype=object)
    legal = series.str.fullmatch(_MOMENT if kind.clock else _DAY, na=False)
    return _in_seconds(pd.to_datetime(series.where(legal), format="ISO8601", errors="coerce"), missing)


def _in_seconds(times: "pd.Series[Any]", missing: Mask) -> Typed:
    values = times.to_numpy().astype("datetime64[s]")
    outside = (values < _FIRST) | (values >= _LAST)
    values[outside] = np.datetime64("NaT")
    return Typed(values, np.isnat(values) & ~missing)


def _texts(column: "pd.Series[Any]") -> Typed:
    codes, distinct = pd.factorize(column, use_na_sentinel=True)
    texts = [level_text(value, ()) for value in distinct.tolist()]
    kept = [None if text == "" or _DESTROYED_IDENTITY.fullmatch(text) else text for text in texts]
    return Typed(np.array([*kept, None], dtype=object)[codes], np.zeros(len(column), dtype=bool))


def _stripped(column: "pd.Series[Any]") -> tuple[NDArray[Any], Mask]:
    """Return texts without surrounding blanks, None where missing."""
    codes, distinct = pd.factorize(column, use_na_sentinel=True)
    texts = [str(value).strip() for value in distinct.tolist()]
    kept = np.array([None if text.lower() in _MISSING else text for text in texts] + [None], dtype=object)
    found = kept[codes]
    return found, np.array([text is None for text in kept], dtype=bool)[codes]

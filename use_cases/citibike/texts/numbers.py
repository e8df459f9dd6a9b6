"""Numbers as people's tables hold them: marks for missing values and traces, decimal commas."""

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

_MISSING = ("", "M", "MM", "NA", "N/A", "NAN", "NULL", "NONE", "-", "--", "\\N")
# A value that was estimated or is suspect keeps a letter in some exports.
_NUMBER = r"^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)s?\s*$"


@dataclass(frozen=True)
class Numbers:
    """A column as numbers, NaN where none is given, and the marks that mean nothing known."""

    values: "pd.Series[float]"
    unknown: tuple[str, ...]


def to_numbers(
    column: "pd.Series[str]", *, missing: Collection[float] = (), zero: Collection[str] = ()
) -> Numbers:
    """Read a column of text.

    Args:
        column: As it stands in the file; numbers pass.
        missing: Numbers that stand for no value.
        zero: Marks, in capitals, that stand for too little to measure.
    """
    if pd.api.types.is_numeric_dtype(column):
        values = column.astype(float)
        return Numbers(values.mask(values.isin(list(missing))), ())
    text = column.astype(str).str.strip()
    marks = text.str.upper()
    given = text.where(~marks.isin(_MISSING) & column.notna())
    given = given.mask(marks.isin(list(zero)), "0").str.replace(",", ".", regex=False)
    values = given.str.extract(_NUMBER)[0].astype(float)
    unknown = given[values.isna() & given.notna()]
    return Numbers(values.mask(values.isin(list(missing))), tuple(sorted(set(unknown))))

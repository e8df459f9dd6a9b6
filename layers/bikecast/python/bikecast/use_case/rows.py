"""The request model of one row, derived from the declared inputs; and rows as columns."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    create_model,
)

from bikecast.columns import Columns
from bikecast.use_case.declaration import UseCase
from bikecast.use_case.inputs import Category, Input, Kind, Moment, Number, Text, level_text
from bikecast.use_case.wall_times import CLOCK, day_pattern

MAX_TEXT = 200
# From 1800 to 2199, 1900 and the like without a 29th of February.
_DAY_TEXT = day_pattern(
    years=r"(?:1[89]|2[01])\d{2}",
    leap_years=r"2000|(?:1[89]|2[01])(?:0[48]|[2468][048]|[13579][26])",
)
_DAY = re.compile(_DAY_TEXT, re.ASCII)
_MOMENT = re.compile(f"(?:{_DAY_TEXT})[ T]{CLOCK}", re.ASCII)


@dataclass(frozen=True)
class RowColumns:
    """Rows as columns; ``unknown`` has, by input, the rows whose level is not declared and is missing."""

    columns: Columns
    unknown: Mapping[str, list[int]]


def row_model(
    use_case: UseCase, *, name: str | None = None, extra: Literal["forbid", "ignore"] = "forbid"
) -> type[BaseModel]:
    """Return the model of one row of a request: ranges, levels, real moments, and no other fields.

    Args:
        use_case: Whose inputs become its fields.
        name: Of the model in the API's document; the use case's in camel case if absent.
        extra: Whether other fields are refused, or ignored for the sake of a predecessor's clients.
    """
    fields: dict[str, Any] = {item.name: _field(item) for item in use_case.inputs}
    return create_model(
        name or "".join(part.title() for part in use_case.name.split("_")) + "Row",
        __config__=ConfigDict(extra=extra, json_schema_extra={"examples": list(use_case.example_rows)}),
        __doc__=f"One {use_case.row[0]} to predict.",
        **fields,
    )


def row_key(values: Sequence[Any]) -> str | None:
    """Return the text by which a prediction finds its truth; None where a part of the key is missing."""
    if not values or any(value is None for value in values):
        return None
    return "|".join(level_text(value, ()) for value in values)


def columns_of_rows(use_case: UseCase, rows: Sequence[BaseModel]) -> RowColumns:
    """Return checked rows as columns; every declared input has one."""
    values = _values(rows, [item.name for item in use_case.inputs])
    columns: dict[str, NDArray[Any]] = {}
    unknown: dict[str, list[int]] = {}
    for item, found in zip(use_case.inputs, values, strict=True):
        columns[item.name], lost = _column(found, item.kind)
        if lost:
            unknown[item.name] = lost
    return RowColumns(columns, unknown)


def _values(rows: Sequence[BaseModel], names: list[str]) -> list[list[Any]]:
    # By the fields themselves: a column may be called as a method of the model is, or hold dots and blanks.
    fields = [row.__dict__ for row in rows]
    return [[field[name] for field in fields] for name in names]


def _column(values: Sequence[Any], kind: Kind) -> tuple[NDArray[Any], list[int]]:
    match kind:
        case Number():
            return np.asarray(values, dtype=np.float64), []  # None becomes NaN
        case Moment():
            return np.asarray(values, dtype="datetime64[s]"), []
        case Category():
            known = {*kind.levels, None}
            lost = [row for row, value in enumerate(values) if value not in known]
            column = _objects(values)
            column[lost] = None
            return column, lost
        case Text():
            return _objects(values), []


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _field(declared: Input) -> tuple[Any, Any]:
    kind, description = _type(declared.kind), _description(declared)
    if declared.optional:
        return kind | None, Field(None, description=description)
    return kind, Field(description=description)


def _type(kind: Kind) -> Any:
    match kind:
        case Number(low, high, integer):
            number: Any = Annotated[float, Field(ge=low, le=high, strict=True, allow_inf_nan=False)]
            whole = Field(json_schema_extra={"type": "integer"})
            return Annotated[number, AfterValidator(_whole), whole] if integer else number
        case Category(levels, unknown):
            return _level_type(levels, refuse=unknown == "refuse")
        case Moment(clock):
            return _moment_type(clock=clock)
        case Text():
            text = Annotated[str, Field(strict=True, max_length=MAX_TEXT)]
            schema = {"anyOf": [{"type": "string", "maxLength": MAX_TEXT}, {"type": "integer"}]}
            read = partial(_text, levels=(), codes=True)
            return Annotated[text, BeforeValidator(read), WithJsonSchema(schema)]


def _level_type(levels: tuple[str, ...], *, refuse: bool) -> Any:
    known: Any = Literal[levels] if refuse else Annotated[str, Field(strict=True, max_length=MAX_TEXT)]
    schema: dict[str, Any] = {"type": "string", "enum": list(levels)}
    if not refuse:
        schema = {"type": "string", "maxLength": MAX_TEXT, "examples": list(levels)}
    kinds = [schema]
    codes = all(level.lstrip("-").isdecimal() for level in levels)
    if codes:  # they may be written as numbers, too
        kinds += [{"type": "integer"} | ({"enum": [int(level) for level in levels]} if refuse else {})]
    named = {level.lower() for level in levels}
    if flags := [flag for flag in (True, False) if str(flag).lower() in named]:
        kinds += [{"type": "boolean", "enum": flags}]
    read = partial(_text, levels=levels, codes=codes)
    return Annotated[
        known, BeforeValidator(read), WithJsonSchema(schema if len(kinds) == 1 else {"anyOf": kinds})
    ]


def _moment_type(*, clock: bool) -> Any:
    pattern, example = (_MOMENT, "2024-01-02 08:00:00") if clock else (_DAY, "2024-01-02")
    schema = {"type": "string", "pattern": f"^(?:{pattern.pattern})$", "examples": [example]}
    parse = partial(_moment, pattern=pattern, example=example)
    return Annotated[dt.datetime, BeforeValidator(parse), WithJsonSchema(schema)]


def _text(value: object, *, levels: tuple[str, ...], codes: bool) -> object:
    """Let codes be written as whole numbers, and a level of that name as true or false."""
    if isinstance(value, bool):
        return next((level for level in levels if level.lower() == str(value).lower()), value)
    is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return level_text(value, levels) if codes and is_whole else value


def _whole(value: float) -> float:
    """Refuse what only rounds to a whole number, which ``multiple_of`` takes for one."""
    if not value.is_integer():
        raise ValueError("expected a whole number")
    return value


def _moment(value: object, *, pattern: re.Pattern[str], example: str) -> dt.datetime:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"expected a wall time without an offset, as text such as {example}")
    return dt.datetime.fromisoformat(value)


def _description(declared: Input) -> str:
    meaning = declared.meaning.rstrip(".")
    unit = f", {declared.unit}" if declared.unit else ""
    match declared.kind:
        case Category(levels, "missing") if len(levels) <= 20:
            note = f" One of {', '.join(levels)}; any other level is answered as missing."
        case Category(_, "missing"):
            note = " An unknown level is answered as missing."
        case Moment():
            note = " Wall time of the data, without an offset."
        case _:
            note = ""
    return f"{meaning}{unit}.{note}"

"""The request model of a row follows from the declared inputs, and rows become columns quickly."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from bikecast.use_case import Category, Input, Moment, Number
from bikecast.use_case.rows import columns_of_rows, row_model
from tests.unit.examples.toy import TOY

ROW: dict[str, Any] = {"ordered_at": "2024-01-02 08:00:00", "size": "small", "weight": 2.5, "floors": 3}
CODED = replace(
    TOY,
    inputs=(
        *TOY.inputs,
        Input("zone", "Zone.", Category(("1", "2"))),
        Input("kind", "Kind.", Category(("a", "b"), unknown="refuse")),
        Input("day", "Day.", Moment(clock=False), optional=True),
    ),
)
MODEL = row_model(TOY)


def problems(model: type[BaseModel], row: dict[str, Any]) -> list[tuple[Any, ...]]:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(row)
    return [item["loc"] for item in refused.value.errors()]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("weight", 100.1),
        ("weight", -1),
        ("weight", "2"),
        ("weight", True),
        ("weight", float("nan")),
        ("weight", float("inf")),
        ("floors", 1.5),
        ("floors", 2.5e-42),
        ("floors", 3.0000000001),
        ("floors", None),
        ("size", None),
        ("size", True),
        ("size", "x" * 201),
        ("ordered_at", "2024-02-30 08:00:00"),
        ("ordered_at", "2024-01-02"),
        ("ordered_at", "2024-01-02T08:00:00Z"),
        ("ordered_at", "2024-01-02 08:00:00+01:00"),
        ("ordered_at", 1_700_000_000),
        ("colour", "red"),
    ],
)
def test_value_that_breaks_the_declaration_is_refused_by_field(name: str, value: Any) -> None:
    assert problems(MODEL, ROW | {name: value}) == [(name,)]


def test_required_fields_are_required_and_optional_ones_are_not() -> None:
    assert sorted(problems(MODEL, {})) == [("floors",), ("ordered_at",), ("size",)]
    assert MODEL.model_validate({**ROW, "weight": None}).model_dump()["weight"] is None


def test_whole_numbers_may_be_written_as_floats() -> None:
    assert MODEL.model_validate({**ROW, "floors": 3.0, "weight": 2}).model_dump()["floors"] == 3


def test_rows_become_columns_with_missing_values() -> None:
    rows = [MODEL.model_validate(ROW), MODEL.model_validate({**ROW, "weight": None, "size": "huge"})]
    found = columns_of_rows(TOY, rows)
    assert set(found.columns) == {item.name for item in TOY.inputs}
    assert found.columns["size"].tolist() == ["small", None]
    assert found.columns["order"].tolist() == [None, None]
    np.testing.assert_array_equal(found.columns["weight"], [2.5, np.nan])
    assert found.columns["ordered_at"].dtype == "datetime64[s]"
    assert found.unknown == {"size": [1]}


def test_no_rows_are_columns_of_no_length() -> None:
    assert all(len(column) == 0 for column in columns_of_rows(TOY, []).columns.values())


def test_codes_may_be_numbers_and_a_level_that_is_refused_is_named() -> None:
    model = row_model(CODED)
    row = {**ROW, "zone": 2, "kind": "b", "day": "2024-01-02"}
    found = columns_of_rows(CODED, [model.model_validate(row), model.model_validate(row | {"zone": 1.0})])
    assert found.columns["zone"].tolist() == ["2", "1"]
    assert found.columns["day"].tolist()[0].isoformat() == "2024-01-02T00:00:00"
    assert problems(model, row | {"kind": "c"}) == [("kind",)]
    assert problems(model, row | {"zone": 1.5}) == [("zone",)]
    assert problems(model, row | {"size": 3}) == [("size",)]  # no level is a code
    assert problems(model, row | {"size": True}) == [("size",)]
    assert problems(model, row | {"day": "2024-01-02 08:00"}) == [("day",)]


def test_document_says_what_is_legal() -> None:
    schema = row_model(CODED).model_json_schema()
    fields = schema["properties"]
    assert schema["examples"] == list(TOY.api.examples)
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["ordered_at", "size", "floors", "zone", "kind"]
    assert fields["floors"] == {
        "description": "Floors to climb.",
        "maximum": 20,
        "minimum": 0,
        "title": "Floors",
        "type": "integer",
    }
    assert fields["kind"]["enum"] == ["a", "b"]
    assert "any other level is answered as missing" in fields["size"]["description"]
    assert fields["weight"]["anyOf"][0] == {"maximum": 100, "minimum": 0, "type": "number"}
    assert fields["weight"]["description"] == "Weight of the parcel, kg."


@given(st.floats(allow_nan=True, allow_infinity=True), st.floats(-5, 5), st.floats(0, 9))
def test_number_is_taken_if_and_only_if_it_lies_in_its_range(value: float, low: float, width: float) -> None:
    declared = replace(TOY, inputs=(*TOY.inputs, Input("x", "X.", Number(low, low + width))))
    model = row_model(declared)
    if low <= value <= low + width:
        assert columns_of_rows(declared, [model.model_validate(ROW | {"x": value})]).columns["x"] == [value]
    else:
        assert problems(model, ROW | {"x": value}) == [("x",)]


def test_thousand_rows_take_milliseconds() -> None:
    adapter = TypeAdapter(list[MODEL])  # type: ignore[valid-type]  # made at run time
    body = [ROW] * 1000
    columns_of_rows(TOY, adapter.validate_python(body))
    started_s = time.process_time()
    columns_of_rows(TOY, adapter.validate_python(body))
    assert time.process_time() - started_s < 0.05

"""The site's references are made from the code as it is."""

import json

from docs_site.api_reference import api_reference
from docs_site.openapi import operations_document, predictor_document


def test_the_reference_of_operations_names_its_paths() -> None:
    text = api_reference("Operations", operations_document())
    assert "### POST /training" in text
    assert "start_train_date" in text


def test_the_reference_of_a_declared_predictor_names_its_inputs() -> None:
    assert "### POST /predict" in api_reference("Obesity", predictor_document("obesity"))


def test_a_days_hours_take_one_line_of_an_example_and_keep_their_values() -> None:
    hours = {"time": [f"2025-01-02 {hour:02}:00" for hour in range(24)], "values": {"rain": [0.0] * 24}}
    content = {"schema": {}, "examples": {"a day": {"value": {"rows": [{"a": 1}], "hourly": hours}}}}
    operation = {"requestBody": {"content": {"application/json": content}}, "responses": {}}
    document = {"info": {"description": ""}, "paths": {"/predict": {"post": operation}}}
    _, _, shown = api_reference("A", document).partition("```json\n")
    text, _, _ = shown.partition("\n```")
    assert json.loads(text) == content["examples"]["a day"]["value"]
    assert len(text.splitlines()) == 13

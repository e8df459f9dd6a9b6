"""Requests, rows and answers of declared use cases, as people write and read them."""

import json
from pathlib import Path
from typing import Any

import pytest

from bikecast import discovery
from bikecast.errors import InputError
from console.monitoring.drift import without_empty_columns
from console.serving.row_predictions import answer_rows, read_rows
from console.training.row_training import row_request
from console.use_cases import use_case_rows


def test_every_use_case_is_listed_with_the_name_of_its_model() -> None:
    listed = {row["name"]: (row["kind"], row["model"]) for row in use_case_rows()}
    assert listed["obesity"] == ("declared", "obesity-class-model")
    assert listed["citibike"] == ("own code", "xgb-citibike-reg-model")


def test_fields_of_the_split_are_sent_as_they_are_given() -> None:
    split = {"train_months": ["2021-01", "2021-02"], "val_months": ["2021-03"], "test_months": ["2021-04"]}
    request = row_request(discovery.load("green_taxi"), {"n_trials": 3}, split)
    assert request["train_months"] == ["2021-01", "2021-02"]
    assert request["registered_model_name"] == "green-taxi-cash-model"


@pytest.mark.parametrize(
    ("name", "given", "split", "said"),
    [
        ("obesity", {}, {"test_size": 0.2}, "--test-size: obesity does not split its rows so; it always"),
        ("green_taxi", {}, {"test_size": 0.2}, "it has --train-month, --val-month, --test-month instead"),
        ("ride_duration", {}, {"test_months": ["2021-01"]}, "--test-month: ride_duration does not split"),
        ("green_taxi", {}, {"train_months": ["2021-01"]}, "^--train-month, --val-month and .* together"),
        ("green_taxi", {}, {"train_months": ["2021-13"]}, "^--train-month: write the month as 2021-01"),
        ("obesity", {"n_trials": 0}, {}, "--trials must be at least 1"),
    ],
)
def test_a_bad_request_is_refused_with_the_field(
    name: str, given: dict[str, int], split: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        row_request(discovery.load(name), given, split)


@pytest.mark.parametrize("body", [{"a": 1}, [{"a": 1}], {"input_data": [{"a": 1}]}])
def test_rows_are_read_however_a_person_wrote_them(tmp_path: Path, body: object) -> None:
    file = tmp_path / "rows.json"
    file.write_text(json.dumps(body))
    assert read_rows(file) == [{"a": 1}]


@pytest.mark.parametrize("text", ["{", "[]", "3", '{"input_data": []}'])
def test_a_file_without_rows_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "rows.json"
    file.write_text(text)
    with pytest.raises(InputError, match=r"rows\.json"):
        read_rows(file)


def test_answers_show_what_their_task_has() -> None:
    who = {"source": "champion", "model_version": "1"}
    classified = {"prediction": "cash", "probabilities": {"cash": 0.9}, "prediction_set": ["cash"], **who}
    measured = {"prediction": 7.5, "low": 5.0, "high": 11.0, **who}
    first, second = answer_rows({"predictions": [classified, measured]})
    assert (first["probability"], first["prediction set"]) == (0.9, "cash")
    assert (second["low"], second["high"]) == (5.0, 11.0)


def test_columns_that_no_verdict_fills_are_left_out() -> None:
    assert without_empty_columns([{"a": 1, "b": None}, {"a": None, "b": None}]) == [{"a": 1}, {"a": None}]

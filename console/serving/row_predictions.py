"""Predictions of a declared use case by its deployed API."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bikecast.errors import InputError
from console.cloud.session import Cloud
from console.cloud.stores import data_store
from console.serving.api import deployed_api

if TYPE_CHECKING:
    from bikecast.use_case import UseCase

ROWS_AT_ONCE = 100
SEED = 42


def predict_rows(cloud: Cloud, use_case: "UseCase", file: Path | None) -> dict[str, Any]:
    """Ask the API about the rows of a file, or about the use case's first example.

    Raises:
        InputError: The file holds no rows.
        ApiError: The API cannot be reached or refuses.
    """
    rows = [use_case.example_rows[0]] if file is None else read_rows(file)
    answer: dict[str, Any] = deployed_api(cloud).post("/predict", {"input_data": rows})
    return answer


def predict_table_rows(cloud: Cloud, use_case: "UseCase", *, count: int) -> int:
    """Ask the API about rows of the loaded table, drawn by a seed, and return how many were asked.

    They are the traffic of a demo: the model has learnt from most of them.
    """
    from bikecast.examples import read_table

    table = read_table(data_store(cloud), use_case)
    drawn = table.sample(min(count, len(table)), random_state=SEED)
    columns = [item.name for item in use_case.inputs if item.name in drawn]
    rows = json.loads(drawn[columns].to_json(orient="records", date_format="iso", date_unit="s"))
    api = deployed_api(cloud)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        api.post("/predict", {"input_data": rows[start : start + ROWS_AT_ONCE]})
    return len(rows)


def read_rows(file: Path) -> list[Any]:
    """Return the rows of a JSON file: one object, a list of them, or ``{"input_data": [...]}``.

    Raises:
        InputError: It is none of these.
    """
    try:
        found = json.loads(file.read_text())
    except (ValueError, RecursionError) as err:
        told = "name --output to predict a file as it is loaded"
        raise InputError(f"{file} is not valid JSON: {err}; {told}") from err
    rows = found.get("input_data", [found]) if isinstance(found, dict) else found
    if not isinstance(rows, list) or not rows:
        raise InputError(f'{file} holds no rows: write a list of objects, or {{"input_data": [...]}}')
    return rows


def answer_rows(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the answers as rows of a table."""
    return [_answer_row(row) for row in answer["predictions"]]


def _answer_row(row: dict[str, Any]) -> dict[str, Any]:
    shown = {"prediction": row["prediction"]}
    if "probabilities" in row:
        likely = row["probabilities"].get(row["prediction"])
        shown |= {"probability": likely, "prediction set": ", ".join(row["prediction_set"])}
    else:
        shown |= {"low": row["low"], "high": row["high"]}
    return shown | {"source": row["source"], "version": row["model_version"]}

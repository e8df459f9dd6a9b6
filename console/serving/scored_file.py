"""A file's rows with their predictions, kept as a file: keys, inputs, answers, and the truth once known."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bikecast.errors import InputError
from console import ui
from console.cloud.session import Cloud
from console.cloud.stores import data_store
from console.serving.api import deployed_api
from console.serving.row_predictions import ROWS_AT_ONCE

if TYPE_CHECKING:
    import pandas as pd

    from bikecast.use_case import UseCase

PROBABILITY = "probability_"


def score_file(cloud: Cloud, use_case: "UseCase", source: Path, output: Path) -> dict[str, Any]:
    """Ask the API about every row of a file as it is loaded, and write rows and answers.

    A row whose truth is missing is asked about as any other.

    Raises:
        InputError: The file cannot be read, or no row of it can be predicted.
        ApiError: The API cannot be reached or refuses.
    """
    import pandas as pd

    from bikecast.examples import read_unlabelled

    found = read_unlabelled(source, use_case)
    if found.rows.empty:
        raise InputError(f"{source} holds no {use_case.row[0]} that can be predicted: {found.refused}")
    answers = pd.DataFrame(_answers(cloud, use_case, found.rows))
    scored = pd.concat([found.rows, answers], axis=1)
    return {"refused": dict(found.refused)} | _write(cloud, use_case, scored, output)


def add_truth(cloud: Cloud, use_case: "UseCase", output: Path) -> dict[str, Any]:
    """Fill in the truths that have been loaded since a file was written; nothing is predicted anew.

    Raises:
        InputError: There is no such file, or it is none of these.
    """
    import pandas as pd

    if not output.is_file():
        raise InputError(f"{output} does not exist: name the rows to predict with --input")
    scored = pd.read_parquet(output)
    needed = {use_case.task.target, "prediction", *use_case.examples.key}
    if not needed <= set(scored.columns):
        raise InputError(f"{output} holds no predictions of {use_case.name}: it lacks {needed - {*scored}}")
    return _write(cloud, use_case, scored, output)


def _answers(cloud: Cloud, use_case: "UseCase", rows: "pd.DataFrame") -> list[dict[str, Any]]:
    names = [item.name for item in use_case.inputs]
    asked = json.loads(rows[names].to_json(orient="records", date_format="iso", date_unit="s"))
    api, answers = deployed_api(cloud), list[dict[str, Any]]()
    with ui.activity(f"predicting {len(asked):,} {use_case.row[1]}"):
        for start in range(0, len(asked), ROWS_AT_ONCE):
            answer = api.post("/predict", {"input_data": asked[start : start + ROWS_AT_ONCE]})
            answers += [_flat(row) for row in answer["predictions"]]
    return answers


def _flat(answer: dict[str, Any]) -> dict[str, Any]:
    """Give each class a column, and leave out the set."""
    nested = {"probabilities", "prediction_set"}
    probabilities = {PROBABILITY + name: value for name, value in answer.get("probabilities", {}).items()}
    return {name: value for name, value in answer.items() if name not in nested} | probabilities


def _write(cloud: Cloud, use_case: "UseCase", scored: "pd.DataFrame", output: Path) -> dict[str, Any]:
    target = use_case.task.target
    scored[target] = scored[target].where(scored[target].notna(), _loaded_truth(cloud, use_case, scored))
    scored.to_parquet(output, index=False)
    known = int(scored[target].notna().sum())
    sources = {str(name): int(count) for name, count in scored["source"].value_counts().items()}
    return {"file": str(output), "rows": len(scored), "truth_known": known, "answered_by": sources}


def _loaded_truth(cloud: Cloud, use_case: "UseCase", scored: "pd.DataFrame") -> "pd.Series[Any]":
    """Return what the loaded table says of each row's key, missing where it says nothing."""
    from bikecast.examples import partitions, read_table

    key, target, store = list(use_case.examples.key), use_case.task.target, data_store(cloud)
    if not key or not partitions(store, use_case):
        return scored[target]
    table = read_table(store, use_case)[[*key, target]].dropna(subset=key).drop_duplicates(key, keep="last")
    found: pd.Series[Any] = scored[key].merge(table, on=key, how="left")[target].set_axis(scored.index)
    return found

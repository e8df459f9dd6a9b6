"""Declared use cases go the whole way on the deployed stacks, beside hourly demand, which they leave alone.

On demand: every run takes a table of its own the same way (``test_your_own_use_case``).
"""

from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from bikecast import discovery
from tests.deployment import Deployment, eventually
from use_cases.green_taxi.simulation import rides

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.on_demand,
    pytest.mark.xdist_group("e2e"),
    pytest.mark.timeout(600),
]

NAME, TAXI = "obesity", "green_taxi"
# Month that trains, month that chooses, month that judges.
RUNS = (
    ("2021-01", "2021-02", "2021-03"),
    ("2021-02", "2021-03", "2021-04"),
    ("2021-03", "2021-04", "2021-05"),
)


def bikecast(cloud: Deployment, *args: str, use_case: str = NAME) -> Any:
    return cloud.bikecast("--use-case", use_case, *args)


def ask(outputs: dict[str, Any], rows: list[dict[str, Any]]) -> httpx.Response:
    headers = {"x-api-key": outputs["api_key"]}
    return httpx.post(f"{outputs['api_url']}/predict", json={"input_data": rows}, headers=headers, timeout=40)


def test_a_declared_use_case_is_loaded_trained_served_watched_and_left_by_the_others(
    cloud: Deployment,
) -> None:
    use_case, before = discovery.load(NAME), cloud.champion()
    outputs = bikecast(cloud, "deploy")
    assert outputs["api_url"] != cloud.outputs["api_url"]
    assert bikecast(cloud, "load", "--simulate")["status"] == "complete"
    trained = bikecast(cloud, "train", "--trials", "2")
    assert trained["decision"] == "promote", trained
    champion = bikecast(cloud, "champion")
    assert (champion["use_case"], champion["simulated"]) == (NAME, True)

    example = dict(use_case.example_rows[0])
    n_rows = use_case.monitoring.window_rows
    assert n_rows is not None
    for _ in range(2):  # one window does not make an incident
        answer = ask(outputs, [example] * n_rows)
        assert answer.status_code == 200, answer.text
        assert {row["source"] for row in answer.json()["predictions"]} == {"champion"}
    refused = ask(outputs, [example | {"Age": 1_000}])
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["path"] == "input_data[0].Age"

    query = "select count(*) from monitoring.predictions where use_case = %s"
    eventually(lambda: cloud.sql(query, NAME) >= [(2 * n_rows,)], timeout_s=60)
    [verdict] = bikecast(cloud, "drift")
    # One and the same person all the time is not a sample of what the model learnt from.
    assert verdict["verdict"] in {"watch", "degraded", "severe"}, verdict
    assert bikecast(cloud, "incidents")[0]["status"] == "open"
    assert cloud.champion() == before


@pytest.mark.timeout(1_500)
def test_months_are_named_one_run_after_another_and_a_shifted_fare_is_answered_by_others(
    cloud: Deployment, tmp_path: Path
) -> None:
    def taxi(*args: str) -> Any:
        return bikecast(cloud, *args, use_case=TAXI)

    def source() -> str:
        answer = httpx.post(url, json=body, headers={"x-api-key": outputs["api_key"]}, timeout=40)
        return str(answer.json()["predictions"][0]["source"])

    outputs = taxi("deploy")
    url, body = f"{outputs['api_url']}/predict", {"input_data": list(discovery.load(TAXI).example_rows)}
    assert taxi("load", "--simulate")["status"] == "complete"
    for train, choose, judge in RUNS:
        months = ("--train-month", train, "--val-month", choose, "--test-month", judge)
        taxi("train", "--trials", "2", *months)
    last, second, first = taxi("decisions")
    assert first["decision"] == "promoted"
    for record, (_, _, judge) in zip((first, second, last), RUNS, strict=True):
        sides = [record["challenger"], *([record["champion"]] if record["champion"] else [])]
        assert {side["scores"]["start"][:7] for side in sides} == {judge}
    assert second["champion"]["version"] == first["challenger"]["version"]

    dearer = rides("2021-06", 4_000, seed=6)
    dearer["fare_amount"] *= 3
    dearer.to_parquet(tmp_path / "dearer.parquet")
    scored = taxi(
        "predict", "--input", str(tmp_path / "dearer.parquet"), "--output", str(tmp_path / "scored.parquet")
    )
    query = "select count(*) from monitoring.predictions where use_case = %s"
    eventually(lambda: cloud.sql(query, TAXI) >= [(scored["rows"],)], timeout_s=60)
    verdicts = taxi("drift", "--from", "2021-06-01", "--to", "2021-06-28", "--every", "1w")
    assert [verdict["verdict"] for verdict in verdicts][-1] == "severe", verdicts
    status = {row["name"]: row for row in cloud.bikecast("use-cases")}[TAXI]
    assert status["paused"], status
    assert "fare" in status["pause_reason"].lower()
    assert eventually(lambda: source() != "champion")
    assert pd.read_parquet(tmp_path / "scored.parquet")["source"].eq("champion").all()
    taxi("resume", "--reason", "the meter was mended")
    assert eventually(lambda: source() == "champion")

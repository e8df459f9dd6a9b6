"""A declared use case goes the whole way on the deployed stacks, beside hourly demand, which it leaves alone.

On demand: every run takes a table of its own the same way (``test_your_own_use_case``).
"""

from typing import Any

import httpx
import pytest

from bikecast.use_case import registry
from tests.deployment import Deployment, eventually

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.on_demand,
    pytest.mark.xdist_group("e2e"),
    pytest.mark.timeout(600),
]

NAME = "obesity"


def bikecast(cloud: Deployment, *args: str) -> Any:
    return cloud.bikecast("--use-case", NAME, *args)


def ask(outputs: dict[str, Any], rows: list[dict[str, Any]]) -> httpx.Response:
    headers = {"x-api-key": outputs["api_key"]}
    return httpx.post(f"{outputs['api_url']}/predict", json={"input_data": rows}, headers=headers, timeout=40)


def test_a_declared_use_case_is_loaded_trained_served_watched_and_left_by_the_others(
    cloud: Deployment,
) -> None:
    use_case, before = registry.load(NAME), cloud.champion()
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
    for _ in range(2):  # one window is no incident yet
        answer = ask(outputs, [example] * n_rows)
        assert answer.status_code == 200, answer.text
        assert {row["source"] for row in answer.json()["predictions"]} == {"champion"}
    refused = ask(outputs, [example | {"Age": 1_000}])
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["path"] == "input_data[0].Age"

    query = "select count(*) from monitoring.predictions where use_case = %s"
    eventually(lambda: cloud.sql(query, NAME) >= [(2 * n_rows,)], timeout_s=60)
    [verdict] = bikecast(cloud, "drift")
    # One and the same person all the time is no sample of what the model learnt from.
    assert verdict["verdict"] in {"watch", "degraded", "severe"}, verdict
    assert bikecast(cloud, "incidents")[0]["status"] == "open"
    assert cloud.champion() == before

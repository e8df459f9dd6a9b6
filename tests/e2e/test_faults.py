"""Processes are killed while the loop runs: failures are named, the champion serves, the next try works."""

import json
from typing import Any

import httpx
import psycopg
import pytest

from bikecast.names import Failure
from tests.deployment import Deployment, eventually
from tests.e2e.test_loop import TRIP
from tests.faults import kill

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]


def answer(cloud: Deployment) -> dict[str, Any]:
    headers = {"x-api-key": cloud.outputs["api_key"]}
    url = f"{cloud.outputs['api_url']}/predict_trip"
    response = httpx.post(url, json={"input_data": [TRIP]}, headers=headers, timeout=60)
    assert response.status_code == 200, response.text
    return dict(response.json()["predictions"][0])


def asked(cloud: Deployment, query: str) -> list[tuple[Any, ...]] | None:
    """Query the database; nothing while it recovers."""
    try:
        return cloud.sql(query)
    except psycopg.OperationalError:
        return None


def test_a_killed_step_fails_by_name_or_resumes_and_the_champion_stays(cloud: Deployment) -> None:
    before = cloud.champion()["version"]
    states = cloud.client("stepfunctions")
    arn = states.start_execution(
        stateMachineArn=cloud.outputs["retrain_state_machine"], input=json.dumps({"n_trials": 2})
    )["executionArn"]
    kill(cloud, "training_job", "prepare")
    ended = cloud.finished(arn, timeout_s=500)
    assert ended["status"] == "FAILED"
    assert ended["error"] in {Failure.CONTAINER_LOST, "Stopped"}
    assert "Prepare: a container died" in ended["cause"]
    entered = cloud.entered_states(arn)
    assert "Prepare" in entered
    assert "Tune" not in entered
    assert cloud.champion()["version"] == before
    assert answer(cloud)["source"] == "champion"


def test_a_killed_database_is_back_with_its_rows(cloud: Deployment) -> None:
    rows = cloud.sql("select count(*) from monitoring.decisions")
    kill(cloud, "bin/postgres", "-D")
    assert answer(cloud)["source"] == "champion"
    cloud.bikecast("up")
    assert eventually(lambda: asked(cloud, "select count(*) from monitoring.decisions")) == rows


@pytest.mark.parametrize("victim", ["emulator/main.py", "local_cloud.engine"])
def test_a_killed_part_of_the_cloud_comes_back_as_it_was(cloud: Deployment, victim: str) -> None:
    before = cloud.bikecast("outputs")
    champion = cloud.champion()
    kill(cloud, victim)
    cloud.bikecast("up")
    after = cloud.bikecast("outputs")
    assert {key: after[key] for key in ("api_url", "retrain_state_machine", "buckets", "database")} == {
        key: before[key] for key in ("api_url", "retrain_state_machine", "buckets", "database")
    }
    assert cloud.champion() == champion
    assert answer(cloud)["model_version"] == champion["version"]

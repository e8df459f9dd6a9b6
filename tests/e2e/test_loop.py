"""The loop on the deployed stacks: a champion, a prediction, a drift report; bad input goes nowhere."""

import getpass
import json
from typing import Any

import httpx
import pytest

from tests.deployment import Deployment, eventually
from tests.e2e.conftest import APPROVED_BECAUSE

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

TRIP = {"date": "2025-02-12 08:00:00", "TMAX": 41.0, "TMIN": 30.0, "SNOW": 0.0}


def ask(cloud: Deployment, body: object, *, key: str | None = None) -> httpx.Response:
    headers = {"x-api-key": cloud.outputs["api_key"] if key is None else key}
    return httpx.post(f"{cloud.outputs['api_url']}/predict_trip", json=body, headers=headers, timeout=30)


def test_the_first_champion_beats_the_seasonal_naive_baseline(cloud: Deployment) -> None:
    champion = cloud.champion()
    naive = min(scores["values"]["rmse"] for scores in champion["baselines"].values())
    assert champion["holdout"]["values"]["rmse"] < naive


def test_the_api_answers_with_the_champion_and_its_interval(cloud: Deployment) -> None:
    response = ask(cloud, {"input_data": [TRIP]})
    assert response.status_code == 200, response.text
    [row] = response.json()["predictions"]
    assert row["source"] == "champion"
    assert row["model_version"] == cloud.champion()["version"]
    assert 0 <= row["low"] <= row["prediction"] <= row["high"]


@pytest.mark.parametrize("key", ["", "wrong"])
def test_the_api_wants_its_key(cloud: Deployment, key: str) -> None:
    assert ask(cloud, {"input_data": [TRIP]}, key=key).status_code == 403


def test_a_bad_field_is_named_by_its_path(cloud: Deployment) -> None:
    response = ask(cloud, {"input_data": [{**TRIP, "TMAX": 900}]})
    assert response.status_code == 422
    assert "TMAX" in response.text


def test_predictions_reach_the_database(cloud: Deployment) -> None:
    response = ask(cloud, {"input_data": [TRIP, {**TRIP, "date": "2025-02-12 09:00:00"}]})
    assert response.status_code == 200
    query = "select model_version, prediction from monitoring.predictions where predicted_for = %s"
    rows = eventually(lambda: cloud.sql(query, "2025-02-12 09:00:00"))
    assert rows[0][0] == cloud.champion()["version"]
    assert rows[0][1] == pytest.approx(response.json()["predictions"][1]["prediction"], rel=1e-3)


def test_a_past_period_is_predicted_as_often_as_one_likes(cloud: Deployment) -> None:
    query = "select count(*) from monitoring.predictions where predicted_for::date = '2025-03-03'"
    period = ("predict", "--from", "2025-03-03", "--to", "2025-03-03")
    told, [(before,)] = cloud.bikecast(*period), cloud.sql(query)
    assert (told["n_predictions"], told["model_version"]) == (24, cloud.champion()["version"])
    cloud.client("s3").head_object(Bucket=cloud.outputs["buckets"]["citibike-data"], Key=told["key"])
    assert cloud.bikecast(*period) == told
    assert cloud.sql(query) == [(before,)]


def test_a_drift_window_leaves_a_row_and_a_report(cloud: Deployment) -> None:
    end = cloud.champion()["holdout"]["end"][:10]
    [window] = cloud.bikecast("drift", "--to", end, "--weeks", "1")
    assert window["verdict"] in {"ok", "watch", "degraded", "severe"}
    rows = cloud.sql(
        "select rmse_score_current from monitoring.citibike_metrics where window_start = %s",
        window["window_start"],
    )
    assert rows
    assert rows[0][0] > 0
    head = cloud.client("s3").head_object(
        Bucket=cloud.outputs["buckets"]["reports"], Key=window["report_key"]
    )
    assert head["ContentLength"] > 10_000


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({"n_trials": "many"}, "n_trials"),
        ({"start_train_date": "2024-06-01", "end_train_date": "2024-01-01"}, "end_train_date"),
        ({"trails": 5}, "trails"),
    ],
)
def test_bad_retrain_input_fails_the_first_state(cloud: Deployment, payload: Any, field: str) -> None:
    ended = cloud.execute("retrain", payload)
    assert ended["status"] == "FAILED"
    assert ended["error"] == "InputError"
    assert field in ended["cause"]
    assert "Prepare" not in cloud.entered_states(ended["executionArn"])


def test_the_first_champion_was_promoted_by_a_person_whom_the_record_names(cloud: Deployment) -> None:
    [first] = [record for record in cloud.bikecast("decisions") if record["approval"]]
    assert (first["gate"], first["decision"]) == ("promote", "promoted")
    assert first["approval"] == {"decision": "approve", "by": getpass.getuser(), "reason": APPROVED_BECAUSE}
    cloud.bikecast("approve", expect=2)


def test_every_decision_can_be_read_later(cloud: Deployment) -> None:
    decisions = cloud.bikecast("decisions")
    assert decisions[-1]["decision"] == "promoted"
    assert decisions[-1]["reason"]
    assert len(decisions[-1]["data_hash"]) >= 16


def test_no_password_is_in_any_state_machine_input(cloud: Deployment) -> None:
    states = cloud.client("stepfunctions")
    secret = json.loads(
        cloud.client("secretsmanager").get_secret_value(
            SecretId=cloud.client("secretsmanager").list_secrets()["SecretList"][0]["Name"]
        )["SecretString"]
    )["password"]
    machine = cloud.outputs["retrain_state_machine"]
    for execution in states.list_executions(stateMachineArn=machine)["executions"]:
        history = states.get_execution_history(executionArn=execution["executionArn"], maxResults=1000)
        assert secret not in json.dumps(history["events"], default=str)

"""The model on the deployed stacks: its score through the API, and faults while the next one is made."""

import io
import json
import math
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from bikecast.names import progress_key
from tests.deployment import Deployment, eventually
from tests.e2e.test_faults import answer
from tests.faults import kill, processes
from training_job.runtime.training_sets import training_set_key
from use_cases.citibike.features import OPTIONAL_WEATHER, REQUIRED_WEATHER

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e"), pytest.mark.timeout(900)]

BATCH = 1000
# The tag has five digits, the API two decimals.
SAME_SCORE = 1e-3


def test_the_api_scores_on_the_holdout_what_mlflow_says(cloud: Deployment) -> None:
    """Compared is what ``/predict_trip`` says of past hours: the model at the level of *their* time.

    That level is read from the ledger in the manifest at the age of the horizon (168 h), as in evaluation.
    """
    champion = cloud.champion()
    holdout = _holdout(cloud, champion)
    predicted = np.asarray(_predictions(cloud, holdout), dtype=np.float64)
    rmse = float(np.sqrt(np.mean((predicted - holdout["trips"]) ** 2)))
    query = "select value from mlflow.model_version_tags where name = %s and version = %s and key = 'rmse'"
    [(tag,)] = cloud.sql(query, champion["model_name"], int(champion["version"]))
    assert len(holdout) == champion["holdout"]["n_rows"]
    assert rmse == pytest.approx(float(tag), rel=SAME_SCORE)
    assert rmse == pytest.approx(champion["holdout"]["values"]["rmse"], rel=SAME_SCORE)


def _holdout(cloud: Deployment, champion: dict[str, Any]) -> pd.DataFrame:
    key = training_set_key(champion["data_hash"])
    body = cloud.client("s3").get_object(Bucket=cloud.outputs["buckets"]["citibike-data"], Key=key)["Body"]
    frame = pd.read_parquet(io.BytesIO(body.read()))
    judged: pd.DataFrame = frame[frame["timestamp"] >= pd.Timestamp(champion["holdout"]["start"])]
    return judged


def _predictions(cloud: Deployment, holdout: pd.DataFrame) -> list[float]:
    weather = (*REQUIRED_WEATHER, *OPTIONAL_WEATHER)
    rows = [
        {"date": str(row["timestamp"])} | {n: row[n] for n in weather if not math.isnan(row[n])}
        for row in holdout.to_dict("records")
    ]
    answers: list[float] = []
    with httpx.Client(headers={"x-api-key": cloud.outputs["api_key"]}, timeout=60) as client:
        for start in range(0, len(rows), BATCH):
            body = {"input_data": rows[start : start + BATCH]}
            response = client.post(f"{cloud.outputs['api_url']}/predict_trip", json=body)
            assert response.status_code == 200, response.text
            answers += [each["prediction"] for each in response.json()["predictions"]]
    return answers


@pytest.mark.on_demand
def test_a_killed_worker_and_a_restarted_database_cost_a_trial_and_nothing_else(cloud: Deployment) -> None:
    before = cloud.champion()["version"]
    arn = _start(cloud, n_trials=6)
    worker = eventually(lambda: processes(cloud, "training_job", "tune"), timeout_s=120)[0]
    eventually(lambda: _progress(cloud, arn).get("n_running"), timeout_s=60)
    worker.kill()
    kill(cloud, "bin/postgres", "-D")
    cloud.bikecast("up")
    ended = cloud.finished(arn, timeout_s=600)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    progress = _progress(cloud, arn)
    assert progress["n_trials_done"] >= 6
    assert progress["n_retried"] >= 1
    record = cloud.bikecast("decisions")[0]
    assert record["execution"] == ended["name"]
    assert record["decision"] == "rejected"
    assert cloud.champion()["version"] == before
    assert answer(cloud)["source"] == "champion"


@pytest.mark.on_demand
def test_two_that_race_beside_a_lost_artifact_are_both_rejected_with_the_reason(cloud: Deployment) -> None:
    champion = cloud.champion()
    s3, bucket, key = cloud.client("s3"), cloud.outputs["buckets"]["model-serving"], champion["model"]["key"]
    assert answer(cloud)["source"] == "champion"
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.delete_object(Bucket=bucket, Key=key)
    try:
        ends = [cloud.finished(arn, timeout_s=600) for arn in [_start(cloud, n_trials=3) for _ in range(2)]]
        assert answer(cloud)["model_version"] == champion["version"]
    finally:
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    records = {record["execution"]: record for record in cloud.bikecast("decisions")}
    for ended in ends:
        assert ended["status"] == "SUCCEEDED"
        assert records[ended["name"]]["decision"] == "rejected"
        assert "does not load" in records[ended["name"]]["reason"]
    assert cloud.champion() == champion


@pytest.mark.on_demand
def test_a_step_out_of_memory_fails_by_name_and_the_next_execution_cleans_up(cloud: Deployment) -> None:
    before = cloud.champion()["version"]
    arn = _start(cloud, n_trials=2)
    kill_when_seen(cloud, "evaluate")
    ended = cloud.finished(arn, timeout_s=600)
    assert ended["status"] == "FAILED"
    assert "Evaluate: a container died" in ended["cause"]
    assert "Promote" not in cloud.entered_states(arn)
    assert cloud.finished(_start(cloud, n_trials=2), timeout_s=600)["status"] == "SUCCEEDED"
    assert cloud.champion()["version"] == before
    assert answer(cloud)["source"] == "champion"


def kill_when_seen(cloud: Deployment, step: str) -> None:
    """Kill a step's container as the kernel does when memory runs out."""
    eventually(lambda: processes(cloud, "training_job", step), timeout_s=400, every_s=0.2)
    kill(cloud, "training_job", step)


def _start(cloud: Deployment, *, n_trials: int) -> str:
    states = cloud.client("stepfunctions")
    arn: str = states.start_execution(
        stateMachineArn=cloud.outputs["retrain_state_machine"], input=json.dumps({"n_trials": n_trials})
    )["executionArn"]
    return arn


def _progress(cloud: Deployment, arn: str) -> dict[str, Any]:
    """What the workers last wrote, or nothing yet."""
    s3, bucket = cloud.client("s3"), cloud.outputs["buckets"]["reports"]
    try:
        body = s3.get_object(Bucket=bucket, Key=progress_key(arn.rsplit(":", 1)[-1]))["Body"].read()
    except s3.exceptions.NoSuchKey:
        return {}
    found: dict[str, Any] = json.loads(body)
    return found

"""A training is asked for as the machine would accept it, or not at all."""

import io
import json
from typing import Any

import pandas as pd
import pytest

from bikecast.errors import DataError, InputError
from bikecast.names import DEFAULT_USE_CASE, Output
from console.cloud.session import Cloud
from console.settings import take_choices
from console.training.checks import require_no_training, running_training
from tests.aws.console.test_executions import PASSES, create_machine
from tests.aws.console.test_outputs import deploy_stack
from use_cases.citibike.console.checks import parse_retraining, start_training
from use_cases.citibike.keys import citibike_key, weather_key

WAITS = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}


def load_days(cloud: Cloud, first: str, last: str) -> None:
    """Put tables that have demand and weather for these days of one year."""
    days, year = pd.date_range(first, last), int(first[:4])
    for key, column in ((citibike_key(year), "date"), (weather_key(year), "DATE")):
        body = io.BytesIO()
        pd.DataFrame({column: days}).to_parquet(body)
        cloud.s3.put_object(Bucket="data", Key=key, Body=body.getvalue())


@pytest.fixture
def deployed(cloud: Cloud) -> Cloud:
    cloud.s3.create_bucket(Bucket="data")
    machine = create_machine(cloud, PASSES)
    deploy_stack(
        cloud, "bikecast-training", {Output.RETRAIN_STATE_MACHINE_ARN: machine, Output.DATA_BUCKET: "data"}
    )
    return cloud


def started(cloud: Cloud) -> list[Any]:
    machines = cloud.stepfunctions.list_state_machines()["stateMachines"]
    return [
        run
        for machine in machines
        for run in cloud.stepfunctions.list_executions(stateMachineArn=machine["stateMachineArn"])[
            "executions"
        ]
    ]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"n_trials": -5}, r"--trials must be at least 1 \(got -5\)"),
        ({"threshold": -0.5}, "--threshold must be at least 0"),
        ({"tuning_workers": 41}, "--workers must be at most 40"),
        ({"test_size": 0.95}, r"--test-size must be less than 0\.9"),
        (
            {"start_train_date": "2025-01-01", "end_train_date": "2024-01-01"},
            "--start 2025-01-01 is not before --end 2024-01-01",
        ),
        ({"trails": 5}, "trails: "),
        ({"start_train_date": "2025-02-01"}, "--start 2025-02-01: .* loaded for 2024-01-01 to 2024-12-15"),
        ({"start_train_date": "2023-06-01"}, "--start 2023-06-01: .*--start 2024-01-01 --end 2024-11-30"),
        ({"end_train_date": "2024-12-31"}, "--end 2024-12-31: .* loaded for 2024-01-01 to 2024-12-15"),
    ],
)
def test_a_request_that_cannot_succeed_is_refused_before_anything_starts(
    deployed: Cloud, asked: dict[str, Any], said: str
) -> None:
    load_days(deployed, "2024-01-01", "2024-12-15")
    with pytest.raises(InputError, match=said):
        start_training(deployed, asked)
    assert started(deployed) == []


def test_without_data_there_is_nothing_to_train_on(deployed: Cloud) -> None:
    with pytest.raises(DataError, match="bikecast load"):
        start_training(deployed, {})
    assert started(deployed) == []


@pytest.mark.parametrize(
    "asked",
    [
        {"n_trials": 4},
        {"start_train_date": "2024-03-01", "end_train_date": "2024-12-15"},
        {"start_train_date": "2023-06-01"},
    ],
)
def test_a_good_request_is_sent_as_it_is_given(deployed: Cloud, asked: dict[str, Any]) -> None:
    load_days(deployed, "2024-01-01", "2024-12-15")
    if "2023" in str(asked):  # older tables are there, and whether they have gaps is not judged here
        load_days(deployed, "2023-01-01", "2023-03-31")
    arn = start_training(deployed, asked)
    sent = deployed.stepfunctions.describe_execution(executionArn=arn)["input"]
    assert parse_retraining(asked).model_dump(mode="json", include=set(asked)) == json.loads(sent)


def test_a_second_training_beside_a_running_one_is_refused_with_the_ways_out(cloud: Cloud) -> None:
    machine = create_machine(cloud, WAITS)
    deploy_stack(cloud, "bikecast-training", {Output.RETRAIN_STATE_MACHINE_ARN: machine})
    require_no_training(cloud)
    cloud.stepfunctions.start_execution(stateMachineArn=machine, name="train-1", input="{}")
    with pytest.raises(InputError) as caught:
        require_no_training(cloud)
    for part in ("bikecast runs train-1 --follow", "bikecast stop train-1", "--anyway"):
        assert part in str(caught.value)


def test_a_training_of_another_use_case_is_neither_followed_nor_in_the_way(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = create_machine(cloud, WAITS)
    deploy_stack(cloud, "bikecast-training", {Output.RETRAIN_STATE_MACHINE_ARN: machine})
    asked = json.dumps({"use_case": "obesity"})
    cloud.stepfunctions.start_execution(stateMachineArn=machine, name="train-1", input=asked)
    assert running_training(cloud) is None
    require_no_training(cloud)
    monkeypatch.setenv("BIKECAST_USE_CASE", DEFAULT_USE_CASE)  # restored afterwards
    take_choices(["--use-case", "obesity"])
    try:
        assert str(running_training(cloud)).endswith(":train-1")
        with pytest.raises(InputError, match="train-1 is running"):
            require_no_training(cloud)
    finally:
        take_choices(["--use-case", DEFAULT_USE_CASE])

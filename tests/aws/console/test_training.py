"""A training is asked for as the machine would accept it, or not at all."""

from typing import Any

import pytest

from bikecast.errors import InputError
from bikecast.names import Output
from console.cloud import Cloud
from console.training import start_training
from tests.aws.console.test_executions import PASSES, create_machine
from tests.aws.console.test_outputs import deploy_stack


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"n_trials": -5}, "n_trials: Input should be greater than or equal to 1"),
        ({"threshold": -0.5}, "threshold: "),
        ({"tuning_workers": 0}, "tuning_workers: "),
        ({"start_train_date": "2025-01-01", "end_train_date": "2024-01-01"}, "start_train_date < end_train"),
        ({"trails": 5}, "trails: "),
    ],
)
def test_a_bad_value_is_refused_before_anything_starts(
    cloud: Cloud, asked: dict[str, Any], said: str
) -> None:
    machine = create_machine(cloud, PASSES)
    deploy_stack(cloud, "bikecast-training", {Output.RETRAIN_STATE_MACHINE_ARN: machine})
    with pytest.raises(InputError, match=said):
        start_training(cloud, asked)
    assert cloud.stepfunctions.list_executions(stateMachineArn=machine)["executions"] == []


def test_a_good_askedis_sent_as_it_is_given(cloud: Cloud) -> None:
    machine = create_machine(cloud, PASSES)
    deploy_stack(cloud, "bikecast-training", {Output.RETRAIN_STATE_MACHINE_ARN: machine})
    arn = start_training(cloud, {"n_trials": 4})
    assert cloud.stepfunctions.describe_execution(executionArn=arn)["input"] == '{"n_trials": 4}'

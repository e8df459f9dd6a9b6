"""Everything is found from the stacks' outputs, and no secret is among it."""

import json
from typing import Any

import pytest

from bikecast.errors import DeploymentError
from bikecast.names import Output
from console.cloud.outputs import api_url, console_outputs, parse_log_groups, read_stack_outputs, read_stacks
from console.cloud.session import Cloud

QUEUE = {"Type": "AWS::SQS::Queue"}


def deploy_stack(cloud: Cloud, name: str, outputs: dict[Output, str]) -> None:
    template: dict[str, Any] = {
        "Resources": {"Queue": QUEUE},
        "Outputs": {output.value: {"Value": value} for output, value in outputs.items()},
    }
    cloud.cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))


def test_outputs_of_all_our_stacks_come_together(cloud: Cloud) -> None:
    deploy_stack(cloud, "bikecast-storage", {Output.DATA_BUCKET: "data-1"})
    deploy_stack(cloud, "bikecast-training", {Output.RETRAIN_STATE_MACHINE_ARN: "arn:retrain"})
    deploy_stack(cloud, "somebody-elses", {Output.SERVING_BUCKET: "not-ours"})
    found = console_outputs(cloud, pages={"mlflow_url": "http://127.0.0.1:5055"})
    assert found.buckets["citibike-data"] == "data-1"
    assert found.buckets["model-serving"] is None
    assert found.retrain_state_machine == "arn:retrain"
    assert found.mlflow_url == "http://127.0.0.1:5055"
    assert found.evidently_url is None


def test_a_deleted_stack_is_gone(cloud: Cloud) -> None:
    deploy_stack(cloud, "bikecast-storage", {Output.DATA_BUCKET: "data-1"})
    cloud.cloudformation.delete_stack(StackName="bikecast-storage")
    assert read_stacks(cloud.cloudformation) == []


def test_the_keys_value_is_asked_from_the_gateway(cloud: Cloud) -> None:
    key = cloud.apigateway.create_api_key(
        name="client", value="0123456789abcdef0123456789abcdef", enabled=True
    )
    deploy_stack(cloud, "bikecast-serving", {Output.API_KEY_ID: key["id"]})
    assert console_outputs(cloud, pages={}).api_key == "0123456789abcdef0123456789abcdef"


def test_the_database_is_told_without_its_password(cloud: Cloud) -> None:
    deploy_stack(
        cloud,
        "bikecast-database",
        {
            Output.DATABASE_HOST: "db",
            Output.DATABASE_PORT: "5432",
            Output.DATABASE_NAME: "bikecast",
            Output.DATABASE_USER: "bikecast",
            Output.DATABASE_SECRET_ARN: "arn:secret",
        },
    )
    found = console_outputs(cloud, pages={})
    assert found.database.model_dump() == {"host": "db", "port": 5432, "name": "bikecast", "user": "bikecast"}
    assert "secret" not in found.model_dump_json()


def test_log_groups_of_several_stacks_are_merged(cloud: Cloud) -> None:
    deploy_stack(cloud, "bikecast-serving", {Output.LOG_GROUPS: '{"predict": "/aws/lambda/p"}'})
    deploy_stack(cloud, "bikecast-training", {Output.LOG_GROUPS: '{"job": "/bikecast/job"}'})
    found = console_outputs(cloud, pages={})
    assert found.log_groups == {"predict": "/aws/lambda/p", "job": "/bikecast/job"}


def test_log_groups_that_are_no_json_are_refused() -> None:
    with pytest.raises(DeploymentError, match="LogGroups"):
        parse_log_groups("predict=/aws/lambda/p")


def test_a_missing_output_says_what_to_do(cloud: Cloud) -> None:
    with pytest.raises(DeploymentError, match="bikecast deploy"):
        read_stack_outputs(cloud.cloudformation).require(Output.DATA_BUCKET)


def test_an_emulator_serves_the_api_under_its_own_address(cloud: Cloud) -> None:
    outputs = {Output.API_ID: "abc", Output.API_STAGE: "prod", Output.API_URL: "https://abc.aws/prod/"}
    deploy_stack(cloud, "bikecast-serving", outputs)
    found = read_stack_outputs(cloud.cloudformation)
    assert api_url(found, endpoint_url=None) == "https://abc.aws/prod"
    assert api_url(found, endpoint_url="http://127.0.0.1:4566") == (
        "http://127.0.0.1:4566/_aws/execute-api/abc/prod"
    )

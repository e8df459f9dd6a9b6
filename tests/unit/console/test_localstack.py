"""The CDK's command line and boto3 reach the same LocalStack; a wrong address is named at once."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from bikecast.errors import DeploymentError
from bikecast.names import Containers, Target
from console.cloud.localstack import INFO_PATH, actual_log_groups, require_localstack
from console.cloud.session import Cloud
from console.deployment.cdk import cdk_environment
from console.deployment.deployment import Choices, require_choice
from tests.deployment import BIKECAST, free_ports
from tests.unit.web import Site, serving

INFO = json.dumps({"version": "2026.3.0", "edition": "community"}).encode()


def cloud_at(url: str) -> Cloud:
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="secret", region_name="eu-west-1")
    return Cloud(Target.LOCALSTACK, session, url)


@pytest.fixture
def localstack() -> Iterator[Site]:
    with serving(Site({INFO_PATH: INFO})) as site:
        yield site


def test_localstack_is_recognised(localstack: Site) -> None:
    require_localstack(cloud_at(localstack.url.rstrip("/")))


@pytest.mark.parametrize(
    "pages", [{}, {INFO_PATH: b"<html>"}, {INFO_PATH: b'{"version": "1"}'}, {INFO_PATH: b"[]"}]
)
def test_something_else_at_the_address_is_named(pages: dict[str, bytes]) -> None:
    with serving(Site(pages)) as site, pytest.raises(DeploymentError, match="is not LocalStack") as refused:
        require_localstack(cloud_at(site.url.rstrip("/")))
    assert site.url.rstrip("/") in str(refused.value)
    assert "BIKECAST_ENDPOINT_URL" in str(refused.value)


def test_a_dead_address_is_named() -> None:
    [port] = free_ports(1)
    with pytest.raises(
        DeploymentError, match=f"does not answer at http://127.0.0.1:{port} .BIKECAST_ENDPOINT_URL"
    ):
        require_localstack(cloud_at(f"http://127.0.0.1:{port}"))


@pytest.mark.parametrize("address", ["localhost:4566", "4566", "ftp://localhost"])
def test_an_address_that_is_no_url_is_named(address: str) -> None:
    with pytest.raises(DeploymentError, match="is not a URL"):
        require_localstack(cloud_at(address))


def test_the_command_line_gets_the_very_address_region_and_login_of_boto3(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profiles = tmp_path / "config"
    profiles.write_text("[profile somebody]\nregion = ap-south-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profiles))
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://elsewhere:1")
    address = "https://sts.eu-west-1.amazonaws.com"  # answered in memory
    with mock_aws():
        environment = cdk_environment(cloud_at(address))
    assert environment["AWS_ENDPOINT_URL"] == environment["AWS_ENDPOINT_URL_S3"] == address
    assert (environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]) == ("test", "secret")
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert environment["CDK_DEFAULT_REGION"] == "eu-west-1"
    assert "AWS_PROFILE" not in environment
    kept = environment["AWS_ENVAR_ALLOWLIST"].split(",")
    assert {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"} <= set(kept)


def test_nothing_is_started_when_the_address_is_wrong(tmp_path: Path) -> None:
    [port] = free_ports(1)
    named = {"BIKECAST_ENDPOINT_URL": f"http://127.0.0.1:{port}", "BIKECAST_LOCAL_STATE_DIR": str(tmp_path)}
    done = subprocess.run(
        [str(BIKECAST), "deploy", "--target", "localstack"],
        env={**os.environ, **named},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"LocalStack does not answer at http://127.0.0.1:{port}" in done.stderr
    assert list(tmp_path.rglob("*.log")) == []


@pytest.mark.parametrize("output", ["WorkerQueueUrl", "OperateStateMachineArn"])
def test_a_worker_is_not_replaced_by_a_deployment_that_leaves_the_choice_out(output: str) -> None:
    template = {
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {output: {"Value": {"Ref": "Queue"}}},
    }
    with mock_aws():
        cloud = cloud_at("https://cloudformation.eu-west-1.amazonaws.com")
        cloud.cloudformation.create_stack(StackName="bikecast-training", TemplateBody=json.dumps(template))
        require_choice(cloud, Choices(containers=Containers.ECS))
        expected = pytest.raises(DeploymentError, match="name `--containers` again")
        with expected if output == "WorkerQueueUrl" else nullcontext():
            require_choice(cloud, Choices())


def test_a_functions_log_is_looked_for_where_localstack_writes_it() -> None:
    functions = [
        {"FunctionName": "predict-1A", "LoggingConfig": {"LogGroup": "ours-predict"}},
        {"FunctionName": "other", "LoggingConfig": {"LogGroup": "/aws/lambda/other"}},
    ]
    listed = json.dumps({"Functions": functions}).encode()
    groups = {"predict": "ours-predict", "job": "ours-job"}
    with serving(Site({"/2015-03-31/functions": listed, "/2015-03-31/functions/": listed})) as site:
        found = actual_log_groups(cloud_at(site.url.rstrip("/")), groups)
    assert found == {"predict": ("ours-predict", "/aws/lambda/predict-1A"), "job": ("ours-job",)}


def test_elsewhere_a_function_logs_where_it_was_told_to() -> None:
    cloud = Cloud(Target.AWS, boto3.Session(region_name="eu-west-1"))
    assert actual_log_groups(cloud, {"predict": "ours-predict"}) == {"predict": ("ours-predict",)}

"""A terminal beside the running cloud: what a person types there reaches it, with no variable set by hand."""

import os
import shlex
import subprocess
from typing import Any

import httpx
import pytest

from tests.deployment import BIKECAST, PROJECT, Deployment, deployed

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

NOWHERE = "http://127.0.0.1:9"


def terminal(cloud: Deployment, commands: str) -> str:
    """Run commands in a new shell that knows the state folder, a stranger's profile and a dead proxy."""
    environment = {
        "HOME": os.environ["HOME"],
        "PATH": os.defpath,
        "BIKECAST_LOCAL_STATE_DIR": str(cloud.state_dir),
        "AWS_PROFILE": "nobody",
        "HTTP_PROXY": NOWHERE,
        "HTTPS_PROXY": NOWHERE,
    }
    script = f'set -e\neval "$({shlex.quote(str(BIKECAST))} env)"\n{commands}'
    done = subprocess.run(
        ["bash", "-c", script], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def sdk(code: str) -> str:
    """Return a command that runs a line of boto3."""
    return f"python -c {shlex.quote(f'import boto3; {code}')}"


def test_any_sdk_finds_the_cloud_and_starts_a_retraining(cloud: Deployment) -> None:
    machine = cloud.outputs["retrain_state_machine"]
    start = f"boto3.client('stepfunctions').start_execution(stateMachineArn={machine!r}, input='[1]')"
    arn = terminal(cloud, sdk(f"print({start}['executionArn'])")).strip()
    assert cloud.finished(arn)["error"] == "InputError"
    bucket = cloud.outputs["buckets"]["citibike-data"]
    assert bucket in terminal(cloud, sdk("print(boto3.client('s3').list_buckets()['Buckets'])"))


def test_the_cdk_finds_every_stack_as_it_was_deployed(cloud: Deployment) -> None:
    chosen = f"-c target=embedded -c traces={cloud.endpoint_url}"
    told = terminal(cloud, f"cdklocal deploy --all {chosen} --require-approval never 2>&1")
    assert told.count("(no changes)") == 6, told[-3000:]


def test_variables_are_json_too_and_the_cloud_is_found_without_its_ports(cloud: Deployment) -> None:
    variables: dict[str, Any] = cloud.bikecast("env")
    assert variables["AWS_ENDPOINT_URL"] == cloud.endpoint_url
    without = {name: value for name, value in cloud.env.items() if not name.endswith("_PORT")}
    assert (
        Deployment(without, cloud.state_dir, cloud.log).bikecast("up")["endpoint_url"] == cloud.endpoint_url
    )


@pytest.mark.on_demand
def test_the_cdk_deploys_an_empty_cloud_and_leaves_nothing_behind() -> None:
    with deployed(logs="e2e-terminal-logs", bare=True) as cloud:
        terminal(cloud, "cdklocal bootstrap -c target=embedded && cdklocal deploy --all -c target=embedded "
                        "--require-approval never")  # fmt: skip
        url = cloud.bikecast("outputs")["api_url"]
        assert httpx.get(f"{url}/health", timeout=60, trust_env=False).status_code == 403  # without the key
        terminal(cloud, "cdklocal destroy --all --force -c target=embedded")
        left = terminal(cloud, sdk("print([s['StackName'] for s in boto3.client('cloudformation')"
                                   ".describe_stacks()['Stacks']])"))  # fmt: skip
        assert left.strip() == "['CDKToolkit']"

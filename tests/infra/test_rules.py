"""What rule sets and resource schemas say of the templates."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
import pytest
from aws_cdk import aws_s3

from bikecast.names import DEFAULT_USE_CASE, Containers, Target, environment_of_stack
from infra_cdk.application import new_app
from infra_cdk.constructs.review import suppress_nag
from tests.infra.conftest import REPORT_ONLY, Assembly, choices_of, synthesize

# The construct library names a dependency twice; CloudFormation does not mind.
HARMLESS = "W3005"


def test_no_rule_finds_anything_without_a_written_reason(assembly: Assembly) -> None:
    assert _findings(assembly) == []


def test_no_rule_finds_anything_in_a_declared_use_case(two_use_cases: Assembly) -> None:
    named = {"bikecast-staging-serving-obesity", "bikecast-staging-monitoring-obesity"}
    assert named <= set(two_use_cases.templates)
    assert _findings(two_use_cases) == []
    _lint(two_use_cases)


@pytest.mark.on_demand
@pytest.mark.timeout(600)
@pytest.mark.parametrize("environment", ["default", "staging"])
@pytest.mark.parametrize("containers", Containers)
@pytest.mark.parametrize("target", Target)
def test_nothing_is_found_for_any_target_environment_and_way_of_running_containers(
    target: Target, containers: Containers, environment: str, tmp_path: Path
) -> None:
    """All of them, with a declared use case each; a few of them are looked at in every run."""
    choices = choices_of(target, containers)
    use_cases = (DEFAULT_USE_CASE, "obesity")
    found = synthesize(target, tmp_path, use_cases=use_cases, environment=environment, **choices)
    assert all(environment_of_stack(name) == environment for name in found.templates)
    assert _findings(found) == []
    _lint(found)


def test_the_rules_would_find_a_careless_bucket(tmp_path: Path) -> None:
    app = new_app(outdir=str(tmp_path), context=REPORT_ONLY)
    aws_s3.Bucket(cdk.Stack(app, "careless"), "Bucket")
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    app.synth()
    found = {rule for _, rule, _ in _findings(Assembly(Target.AWS, tmp_path))}
    assert {"AwsSolutions-S1", "AwsSolutions-S10"} <= found


def test_a_finding_is_accepted_with_a_sentence_only() -> None:
    with pytest.raises(ValueError, match="sentence"):
        suppress_nag(cdk.Stack(cdk.App(), "any"), {"AwsSolutions-S1": "later"})


def test_templates_fulfil_the_resource_schemas(
    aws: Assembly, embedded: Assembly, workers: dict[str, Assembly]
) -> None:
    assert _lint(aws, embedded, *workers.values()) == 3 * 6 + 5


def _lint(*assemblies: Assembly) -> int:
    """Make sure that cfn-lint finds nothing in the templates, and return how many they are."""
    templates = [str(path) for each in assemblies for path in each.folder.glob("*.template.json")]
    linter = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run(
        [linter, "--ignore-checks", HARMLESS, "--", *templates], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    return len(templates)


@pytest.mark.parametrize("named", [None, "moon", ""])
def test_a_deployment_names_its_target(named: str | None) -> None:
    from infra_cdk.settings import TargetError, settings_for

    with pytest.raises(TargetError, match="embedded, localstack, aws"):
        settings_for(named)


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        ({"containers": "docker"}, "choose one of ecs, worker"),
        ({"containers": "worker"}, "name a PostgreSQL by -c database=postgresql://"),
        ({"database": "postgresql://u@h/d"}, "needs -c containers=worker"),
        ({"containers": "worker", "database": "postgresql://u:secret@h/d"}, "leave the password out"),
        ({"containers": "worker", "database": "h:5432"}, "must look like postgresql://user@host:5432/name"),
        ({"containers": "worker", "database": "postgresql://h/d"}, "must look like"),
        ({"containers": "worker", "database": "mysql://u@h/d"}, "must look like"),
        ({"containers": "worker", "database": "postgresql://u@h/d?sslmode=prefer"}, "sslmode must be one of"),
        ({"containers": "worker", "database": "postgresql://u@h:port/d"}, "Port could not be cast"),
    ],
)
def test_choices_that_do_not_fit_are_refused(choices: dict[str, str], reason: str) -> None:
    from infra_cdk.settings import TargetError, settings_for

    with pytest.raises(TargetError, match=reason) as refused:
        settings_for(Target.LOCALSTACK, **choices)
    assert "secret@" not in str(refused.value)


def _findings(assembly: Assembly) -> list[tuple[str, str, list[str]]]:
    """Return rule set, rule and constructs of everything that is not accepted."""
    return [
        (plugin["pluginName"], found["ruleName"], [str(each) for each in _violating(found)])
        for plugin in assembly.report["pluginReports"]
        for found in plugin["violations"]
    ]


def _violating(found: Mapping[str, Any]) -> list[Any]:
    return list(found.get("violatingConstructs") or found.get("violatingResources") or [])

"""What differs between targets: the fields of the settings, and nothing else."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from bikecast.names import Target
from infra_cdk.settings import BY_TARGET, InfraSettings
from tests.infra.conftest import Assembly, Resource, synthesize, text_of

# Assets and versions are named by their content, which holds the target's own wheels.
CONTENT = re.compile(r"[0-9a-f]{64}|CurrentVersion[0-9A-Fa-f]{40}")
XRAY = (
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)

# What differs in the templates, by the field of the settings that makes it differ.
DIFFERENCES: dict[str, set[str]] = {
    "require_tls": {
        "AWS::S3::BucketPolicy",
        "AWS::S3::BucketPolicy PolicyDocument.Statement",
        "AWS::SNS::TopicPolicy PolicyDocument.Statement",
        "AWS::SQS::QueuePolicy",
    },
    "keep_data": {
        *(f"AWS::{kind} DeletionPolicy" for kind in ("S3::Bucket", "KMS::Key", "RDS::DBInstance")),
        *(f"AWS::{kind} UpdateReplacePolicy" for kind in ("S3::Bucket", "KMS::Key", "RDS::DBInstance")),
        "AWS::RDS::DBInstance DeletionProtection",
    },
    "database_by_token": {
        "AWS::IAM::Policy rds-db:connect",
        "AWS::IAM::Policy secretsmanager:DescribeSecret",
        "AWS::IAM::Policy secretsmanager:GetSecretValue",
        "AWS::Lambda::Function Environment.Variables.DATABASE_SECRET_ARN",
        "AWS::ECS::TaskDefinition Environment.DATABASE_ROLE_SECRETS",
        "AWS::SecretsManager::Secret",
        "AWS::RDS::DBInstance EnableIAMDatabaseAuthentication",
    },
    "database_sslmode": {
        "AWS::ECS::TaskDefinition Environment.DATABASE_SSLMODE",
        "AWS::Lambda::Function Environment.Variables.DATABASE_SSLMODE",
    },
    "flow_logs": {"AWS::EC2::FlowLog", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::Logs::LogGroup"},
    "spot_tuning": {
        "AWS::ECS::ClusterCapacityProviderAssociations",
        "AWS::StepFunctions::StateMachine CapacityProviderStrategy",
        "AWS::StepFunctions::StateMachine LaunchType",
    },
    "snap_start": {"AWS::Lambda::Function SnapStart"},
    "xray": {
        "AWS::ApiGateway::Stage TracingEnabled",
        *(f"AWS::IAM::Policy {action}" for action in XRAY),
        "AWS::Lambda::Function TracingConfig",
        "AWS::StepFunctions::StateMachine TracingConfiguration.Enabled",
    },
    "schedules": {"AWS::Events::Rule State"},
    "tuning_concurrency": {"AWS::StepFunctions::StateMachine MaxConcurrency"},
    "heartbeat_s": {
        "AWS::StepFunctions::StateMachine Cause",
        "AWS::StepFunctions::StateMachine HeartbeatSeconds",
    },
    "heartbeat_interval_s": {"AWS::StepFunctions::StateMachine HEARTBEAT_INTERVAL_S"},
    "api_rate_per_s": {
        "AWS::ApiGateway::Stage MethodSettings.ThrottlingRateLimit",
        "AWS::ApiGateway::UsagePlan Throttle.RateLimit",
    },
    "api_burst": {
        "AWS::ApiGateway::Stage MethodSettings.ThrottlingBurstLimit",
        "AWS::ApiGateway::UsagePlan Throttle.BurstLimit",
    },
    "redelivery_s": {
        "AWS::SQS::Queue RedrivePolicy.maxReceiveCount",
        "AWS::SQS::Queue VisibilityTimeout",
    },
}
# These change no resource: the target's name, where its wheels are, and whose credentials deploy.
WITHOUT_TRACE = {"target", "bundles", "cli_credentials"}
# The command line chooses these, whatever the target.
CHOSEN = {"containers", "database", "environment"}


@pytest.mark.parametrize("target", [Target.EMBEDDED, Target.LOCALSTACK])
def test_from_aws_only_what_the_settings_name_differs(
    target: Target, aws: Assembly, assemblies: dict[Target, Assembly]
) -> None:
    expected = {difference for each in DIFFERENCES.values() for difference in each}
    assert _differences(aws, assemblies[target]) == expected


def test_every_field_that_differs_between_targets_is_accounted_for() -> None:
    names = {field.name for field in fields(InfraSettings)} - CHOSEN
    differing = {name for name in names if len({getattr(each, name) for each in BY_TARGET.values()}) > 1}
    assert names == differing, "a field that is the same everywhere is not a setting"
    assert differing == set(DIFFERENCES) | WITHOUT_TRACE


def test_synthesis_is_deterministic(tmp_path: Path) -> None:
    first, second = (synthesize(Target.AWS, tmp_path / name, checked=False) for name in ("first", "second"))
    assert first.templates == second.templates


def _differences(one: Assembly, other: Assembly) -> set[str]:
    """Return ``type`` for a resource that one side lacks, ``type property`` for one that differs."""
    left, right = _by_name(one), _by_name(other)
    found = {(left.get(key) or right[key]).type for key in left.keys() ^ right.keys()}
    for key in left.keys() & right.keys():
        paths = _paths(_normal(left[key]), _normal(right[key]))
        found |= {f"{left[key].type} {path}" for path in paths}
    return found


def _by_name(assembly: Assembly) -> dict[tuple[str, str], Resource]:
    return {(each.stack, CONTENT.sub("", each.logical_id)): each for each in assembly.resources()}


def _normal(resource: Resource) -> dict[str, Any]:
    """Return a resource with its lists turned into mappings by what names their members."""
    properties = dict(resource.properties)
    if resource.type == "AWS::StepFunctions::StateMachine":
        properties["DefinitionString"] = json.loads(text_of(properties["DefinitionString"]))
    if resource.type == "AWS::IAM::Policy":
        properties = _rights(properties)
    whole = {name: value for name, value in resource.whole.items() if name.endswith("Policy")}
    normal: dict[str, Any] = json.loads(
        CONTENT.sub("", json.dumps(whole | {"": properties})), object_hook=_named
    )
    return normal


def _named(value: dict[str, Any]) -> dict[str, Any]:
    """Turn lists of ``Name`` and ``Value`` into mappings."""
    for key, members in value.items():
        if key == "Environment" and isinstance(members, list):
            value[key] = {each["Name"]: each.get("Value", each.get("Value.$")) for each in members}
    return value


def _rights(properties: Mapping[str, Any]) -> dict[str, Any]:
    rights: dict[str, list[str]] = {}
    for statement in properties["PolicyDocument"]["Statement"]:
        actions, resources = statement["Action"], statement["Resource"]
        for action in actions if isinstance(actions, list) else [actions]:
            each = resources if isinstance(resources, list) else [resources]
            rights.setdefault(action, []).extend(map(text_of, each))
    return {action: sorted(resources) for action, resources in rights.items()}


def _paths(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Yield the properties that differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from _inside(one, other, key, f"{path}.{key}".lstrip("."))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for left, right in zip(one, other, strict=True):
            yield from _paths(left, right, path)
    elif one != other:
        yield _short(path)


def _inside(one: Mapping[str, Any], other: Mapping[str, Any], key: str, path: str) -> Iterator[str]:
    if key in one and key in other:
        yield from _paths(one[key], other[key], path)
    else:
        yield _short(path)


def _short(path: str) -> str:
    """Return a property of a state by its own name alone, whatever the state."""
    if "DefinitionString" in path:
        return path.rsplit(".", 1)[-1]
    return re.sub(r"^ContainerDefinitions\.", "", path)

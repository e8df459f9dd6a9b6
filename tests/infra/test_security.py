"""Encryption, reach and rights."""

import json
from typing import Any

from bikecast.names import DATA_COVERAGE_KEY, MINIMUM_POSTGRES, Containers, DatabaseRole, Target
from tests.infra.conftest import Assembly, Resource, text_of

# Actions without a resource level, each of which AWS wants with "*".
WITHOUT_RESOURCE = {
    "ec2:CreateNetworkInterface": "before the interface exists, it has no name",
    "ec2:DeleteNetworkInterface": "the interface's name is AWS's choice",
    "ec2:DescribeNetworkInterfaces": "describing has no resource level",
    "ec2:DescribeSubnets": "describing has no resource level",
    "ec2:AssignPrivateIpAddresses": "the interface's name is AWS's choice",
    "ec2:UnassignPrivateIpAddresses": "the interface's name is AWS's choice",
    "ecr:GetAuthorizationToken": "a login is for the whole registry",
    "ecs:StopTask": "a task's name is AWS's choice",
    "ecs:DescribeTasks": "a task's name is AWS's choice",
    "logs:CreateLogDelivery": "log delivery has no resource level",
    "logs:GetLogDelivery": "log delivery has no resource level",
    "logs:UpdateLogDelivery": "log delivery has no resource level",
    "logs:DeleteLogDelivery": "log delivery has no resource level",
    "logs:ListLogDeliveries": "log delivery has no resource level",
    "logs:PutResourcePolicy": "log delivery has no resource level",
    "logs:DescribeResourcePolicies": "log delivery has no resource level",
    "logs:DescribeLogGroups": "log delivery has no resource level",
    "states:SendTaskSuccess": "the task's token is the right",
    "states:SendTaskFailure": "the task's token is the right",
    "states:SendTaskHeartbeat": "the task's token is the right",
    "xray:PutTraceSegments": "X-Ray has no resource level",
    "xray:PutTelemetryRecords": "X-Ray has no resource level",
    "xray:GetSamplingRules": "X-Ray has no resource level",
    "xray:GetSamplingTargets": "X-Ray has no resource level",
}


def test_no_role_has_an_action_with_a_wildcard(assembly: Assembly) -> None:
    wild = [(policy, action) for policy, action, _ in _allowed(assembly) if "*" in action]
    assert wild == []


def test_only_actions_without_resource_level_are_allowed_on_everything(assembly: Assembly) -> None:
    everywhere = {action for _, action, resource in _allowed(assembly) if resource == "*"}
    assert everywhere <= set(WITHOUT_RESOURCE)


def test_buckets_are_private_and_encrypted_and_keep_old_versions(assembly: Assembly) -> None:
    buckets = assembly.resources("AWS::S3::Bucket")
    assert len(buckets) == 5
    for bucket in buckets:
        assert bucket.properties["BucketEncryption"]
        assert all(bucket.properties["PublicAccessBlockConfiguration"].values())
        assert bucket.properties["VersioningConfiguration"] == {"Status": "Enabled"}


def test_queues_and_topic_are_encrypted(assembly: Assembly) -> None:
    assert all(queue.properties["SqsManagedSseEnabled"] for queue in assembly.resources("AWS::SQS::Queue"))
    assert all(topic.properties["KmsMasterKeyId"] for topic in assembly.resources("AWS::SNS::Topic"))


def test_the_database_is_encrypted_and_backed_up(on_ecs: Assembly) -> None:
    (database,) = on_ecs.resources("AWS::RDS::DBInstance")
    assert database.properties["StorageEncrypted"] is True
    assert int(database.properties["EngineVersion"].split(".")[0]) >= MINIMUM_POSTGRES
    assert database.properties["BackupRetentionPeriod"] >= 7


def test_on_aws_buckets_queues_and_topics_refuse_plain_http(aws: Assembly) -> None:
    kinds = ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")
    policies = [policy for kind in kinds for policy in aws.resources(kind)]
    assert len(policies) == 5 + 3 + 1
    assert all("aws:SecureTransport" in json.dumps(policy.properties) for policy in policies)


def test_alarms_and_events_of_this_account_may_publish_and_nobody_elses(assembly: Assembly) -> None:
    (policy,) = assembly.resources("AWS::SNS::TopicPolicy")
    statements = policy.properties["PolicyDocument"]["Statement"]
    allowed = [statement for statement in statements if statement["Effect"] == "Allow"]
    publishers = {name for statement in allowed for name in _each(statement["Principal"]["Service"])}
    assert publishers == {"events.amazonaws.com", "cloudwatch.amazonaws.com"}
    for statement in allowed:
        assert statement["Action"] == "sns:Publish"
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    (topic,) = assembly.resources("AWS::SNS::Topic")
    rung = [action for alarm in assembly.resources("AWS::CloudWatch::Alarm")
            for action in alarm.properties["AlarmActions"]]  # fmt: skip
    assert rung
    assert all(topic.logical_id in text_of(action) for action in rung)
    key = json.dumps([key.properties["KeyPolicy"] for key in assembly.resources("AWS::KMS::Key")])
    assert "cloudwatch.amazonaws.com" in key


def test_each_function_logs_in_to_the_database_under_a_role_of_its_own(assembly: Assembly) -> None:
    users = {
        variables["POWERTOOLS_SERVICE_NAME"]: variables["DATABASE_USER"]
        for function in assembly.resources("AWS::Lambda::Function")
        if "DATABASE_USER" in (variables := function.properties.get("Environment", {}).get("Variables", {}))
    }
    roles = {"capture_predictions": "bikecast_capture", "monitor_drift": "bikecast_monitor"}
    if assembly.target is Target.LOCALSTACK and assembly.containers is Containers.WORKER:
        roles.pop("monitor_drift")  # a step of the worker judges there
    assert users == roles


def test_only_the_job_reads_the_owners_password(on_ecs: Assembly) -> None:
    owners = [
        policy
        for policy, action, resource in _allowed(on_ecs)
        if action == "secretsmanager:GetSecretValue" and "PostgresSecret" in resource
    ]
    assert owners
    assert all("ExecutionRole" in policy for policy in owners)


def test_on_aws_data_outlives_its_stack(aws: Assembly) -> None:
    for bucket in aws.resources("AWS::S3::Bucket"):
        assert bucket.whole["DeletionPolicy"] == "Retain"
    (database,) = aws.resources("AWS::RDS::DBInstance")
    assert database.whole["DeletionPolicy"] == "Snapshot"
    assert database.properties["DeletionProtection"] is True
    assert database.properties["EnableIAMDatabaseAuthentication"] is True


def test_nothing_idles_for_money_and_nothing_comes_in(assembly: Assembly) -> None:
    kinds = {resource.type for resource in assembly.resources()}
    assert not kinds & {"AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::ECS::Service"}
    groups = assembly.resources("AWS::EC2::SecurityGroup")
    ingress = [rule for group in groups for rule in group.properties.get("SecurityGroupIngress", [])]
    assert {rule["FromPort"] for rule in ingress} == {5432} if groups else not ingress
    assert all("SourceSecurityGroupId" in rule for rule in ingress)


def test_no_template_holds_a_password(assembly: Assembly) -> None:
    for resource in (*assembly.resources("AWS::Lambda::Function"), *_containers(assembly)):
        assert "resolve:secretsmanager" not in json.dumps(resource.properties)
        assert "DATABASE_PASSWORD" not in json.dumps(resource.properties.get("Environment", {}))


def test_a_container_gets_the_password_as_a_secret(on_ecs: Assembly) -> None:
    (task,) = _containers(on_ecs)
    (container,) = task.properties["ContainerDefinitions"]
    assert [secret["Name"] for secret in container["Secrets"]] == ["DATABASE_PASSWORD"]


def test_secrets_are_named_by_their_arn_and_no_reference(assembly: Assembly) -> None:
    """LocalStack gives an attachment no ARN, and the embedded cloud's reference to a secret is its name."""
    attachment = "AWS::SecretsManager::SecretTargetAttachment"
    referred = [*assembly.resources(attachment), *assembly.resources("AWS::SecretsManager::Secret")]
    own = (attachment, "AWS::RDS::DBInstance")  # the database itself gets its password by reference
    values = [each.properties for each in assembly.resources() if each.type not in own]
    outputs = [output for template in assembly.templates.values() for output in template["Outputs"].values()]
    text = json.dumps([values, outputs])
    assert len(referred) > 1
    assert not [each for each in referred if f'"Ref": "{each.logical_id}"' in text]


def test_with_another_database_and_a_worker_there_is_no_network_and_no_paid_container(
    workers: dict[str, Assembly],
) -> None:
    free = workers["localstack-worker"]
    kept = ("database", "monitoring", "serving", "storage", "training")
    assert sorted(free.templates) == [f"bikecast-{name}" for name in kept]
    services = {resource.type.split("::")[1] for resource in free.resources()}
    assert not services & {"ECS", "RDS", "EC2", "ECR"}
    functions = free.resources("AWS::Lambda::Function")
    assert all(function.properties.get("PackageType") != "Image" for function in functions)
    (capture,) = [f for f in functions if "DATABASE_HOST" in f.properties["Environment"]["Variables"]]
    told = capture.properties["Environment"]["Variables"]
    place = [told[f"DATABASE_{name}"] for name in ("HOST", "PORT", "NAME", "USER")]
    assert place == ["db.example", "5433", "rides", DatabaseRole.CAPTURE]


def test_only_the_worker_may_read_the_owners_secret_of_another_database(workers: dict[str, Assembly]) -> None:
    rights = _allowed(workers["localstack-worker"])
    secrets = [(policy, to) for policy, action, to in rights if action == "secretsmanager:GetSecretValue"]
    of_owner = {policy for policy, to in secrets if to.endswith(":secret:bikecast/database-??????")}
    assert len(of_owner) == 1
    assert "JobWorker" in of_owner.pop()
    assert len({to for policy, to in secrets if "CapturePredictions" in policy}) == 1


def test_the_predictor_can_start_no_training_and_the_job_leaves_raw_files_alone(assembly: Assembly) -> None:
    predictor = [action for policy, action, _ in _allowed(assembly) if "PredictParts" in policy]
    assert "s3:GetObject" in predictor
    assert not [action for action in predictor if action.startswith("states:") or action == "s3:PutObject"]
    written = [
        resource
        for policy, action, resource in _allowed(assembly)
        if ("JobTaskTaskRole" in policy or "JobWorker" in policy)
        and action == "s3:PutObject"
        and "CitibikeData" in resource
    ]
    assert written
    assert not [resource for resource in written if resource.endswith((">/*", "/raw/*"))]


def test_operations_read_what_a_load_noted_and_no_data(assembly: Assembly) -> None:
    read = [
        resource
        for policy, action, resource in _allowed(assembly)
        if "OperateApi" in policy and action == "s3:GetObject" and "CitibikeData" in resource
    ]
    assert read
    assert all(resource.endswith(f"/{DATA_COVERAGE_KEY}") for resource in read)


def test_a_monitor_may_pause_its_own_use_case_and_write_nothing_else_that_serves(
    two_use_cases: Assembly,
) -> None:
    written = {
        (policy.stack, resource.rpartition(">/")[2])
        for policy, action, resource in _allowances(two_use_cases)
        if "MonitorDrift" in policy.logical_id and action == "s3:PutObject" and "Serving" in resource
    }
    switches = {
        ("bikecast-staging-monitoring", "automation.json"),
        ("bikecast-staging-monitoring-obesity", "obesity/automation.json"),
    }
    functions = two_use_cases.resources("AWS::Lambda::Function")
    judges = [each for each in functions if each.logical_id.startswith("MonitorDrift")]
    assert written == (switches if judges else set())  # elsewhere a step of the job judges


def _containers(assembly: Assembly) -> list[Resource]:
    return assembly.resources("AWS::ECS::TaskDefinition")


def _allowed(assembly: Assembly) -> list[tuple[str, str, str]]:
    """Return policy, action and resource of everything that a role may do."""
    return [(policy.logical_id, action, to) for policy, action, to in _allowances(assembly)]


def _allowances(assembly: Assembly) -> list[tuple[Resource, str, str]]:
    found = []
    for policy in assembly.resources("AWS::IAM::Policy"):
        for statement in policy.properties["PolicyDocument"]["Statement"]:
            pairs = [(a, r) for a in _each(statement["Action"]) for r in _each(statement["Resource"])]
            found += [(policy, str(action), text_of(resource)) for action, resource in pairs]
    return found


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]

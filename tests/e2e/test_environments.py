"""Two environments side by side on one embedded cloud, and what is left when they are destroyed."""

from collections.abc import Iterator

import pytest

from tests.deployment import Deployment, deployed

pytestmark = [pytest.mark.e2e, pytest.mark.on_demand]


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Deployment, Deployment]]:
    with deployed(logs="environments-logs") as default:
        staging = Deployment(
            env=default.env | {"BIKECAST_ENV": "staging"}, state_dir=default.state_dir, log=default.log
        )
        staging.bikecast("deploy")
        yield default, staging


def test_two_environments_live_apart_and_destroying_them_leaves_nothing(
    both: tuple[Deployment, Deployment],
) -> None:
    default, staging = both
    for name in ("api_url", "api_key", "retrain_state_machine", "buckets", "database", "log_groups"):
        assert default.outputs[name] != staging.outputs[name]
    default.client("s3").put_object(
        Bucket=default.outputs["buckets"]["reports"], Key="a.txt", Body=b"something to delete"
    )
    staging.bikecast("destroy", "--yes")
    assert default.bikecast("outputs") == default.outputs, "the other environment is untouched"
    default.bikecast("destroy", "--yes")
    assert left(default) == {}


def left(cloud: Deployment) -> dict[str, list[str]]:
    """Return what is left of ours, by kind; what the CDK's own stack made is not ours."""
    stacks = cloud.client("cloudformation").describe_stacks()["Stacks"]
    found = {
        "stacks": [s["StackName"] for s in stacks if s["StackStatus"] != "DELETE_COMPLETE"],
        "buckets": [b["Name"] for b in cloud.client("s3").list_buckets()["Buckets"]],
        "databases": [
            d["DBInstanceIdentifier"] for d in cloud.client("rds").describe_db_instances()["DBInstances"]
        ],
        "functions": [f["FunctionName"] for f in cloud.client("lambda").list_functions()["Functions"]],
        "machines": [m["name"] for m in cloud.client("stepfunctions").list_state_machines()["stateMachines"]],
        "queues": cloud.client("sqs").list_queues().get("QueueUrls", []),
        "topics": [t["TopicArn"] for t in cloud.client("sns").list_topics()["Topics"]],
        "secrets": [s["Name"] for s in cloud.client("secretsmanager").list_secrets()["SecretList"]],
        "alarms": [a["AlarmName"] for a in cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "apis": [a["id"] for a in cloud.client("apigateway").get_rest_apis()["items"]],
        "clusters": cloud.client("ecs").list_clusters()["clusterArns"],
    }
    ours = {
        kind: [name for name in names if not name.startswith(("CDKToolkit", "cdk-"))]
        for kind, names in found.items()
    }
    return {kind: names for kind, names in ours.items() if names}

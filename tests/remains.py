"""What is left of a deployment after it was destroyed."""

from collections.abc import Callable, Iterable
from typing import Any

from tests.deployment import Deployment

# Kind: service, what lists it, and the name of each.
KINDS: dict[str, tuple[str, Callable[[Any], Iterable[str]]]] = {
    "buckets": ("s3", lambda s3: [b["Name"] for b in s3.list_buckets()["Buckets"]]),
    "databases": (
        "rds",
        lambda rds: [d["DBInstanceIdentifier"] for d in rds.describe_db_instances()["DBInstances"]],
    ),
    "functions": ("lambda", lambda api: [f["FunctionName"] for f in api.list_functions()["Functions"]]),
    "machines": (
        "stepfunctions",
        lambda api: [m["name"] for m in api.list_state_machines()["stateMachines"]],
    ),
    "queues": ("sqs", lambda sqs: sqs.list_queues().get("QueueUrls", [])),
    "topics": ("sns", lambda sns: [t["TopicArn"] for t in sns.list_topics()["Topics"]]),
    "secrets": ("secretsmanager", lambda api: [s["Name"] for s in api.list_secrets()["SecretList"]]),
    "alarms": ("cloudwatch", lambda api: [a["AlarmName"] for a in api.describe_alarms()["MetricAlarms"]]),
    "apis": ("apigateway", lambda api: [a["id"] for a in api.get_rest_apis()["items"]]),
    "clusters": ("ecs", lambda ecs: ecs.list_clusters()["clusterArns"]),
}
# What the CDK's own stack made is not ours.
BOOTSTRAP = ("CDKToolkit", "cdk-")


def left(cloud: Deployment, *, unserved: Iterable[str] = ()) -> dict[str, list[str]]:
    """Return what is left of ours, by kind.

    Args:
        cloud: Where it was deployed.
        unserved: Kinds whose service does not exist there.
    """
    stacks = cloud.client("cloudformation").describe_stacks()["Stacks"]
    found = {"stacks": [s["StackName"] for s in stacks if s["StackStatus"] != "DELETE_COMPLETE"]}
    for kind in KINDS.keys() - set(unserved):
        service, names = KINDS[kind]
        found[kind] = list(names(cloud.client(service)))
    ours = {kind: [name for name in names if not name.startswith(BOOTSTRAP)] for kind, names in found.items()}
    return {kind: names for kind, names in ours.items() if names}

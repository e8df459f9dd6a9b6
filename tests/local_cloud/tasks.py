"""Tasks that tests run: one image whose task runs the code it is given."""

from typing import Any

from tests.local_cloud.aws import ACCOUNT, REGION, log_lines, unique
from tests.local_cloud.conftest import Cloud, eventually

END = "that is all"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/assets:1"


def run_task(cloud: Cloud, code: str, **definition: Any) -> str:
    """Run one task to its end and return its log."""
    family, group = unique("task"), unique("group")
    options = {"awslogs-group": group, "awslogs-region": REGION, "awslogs-stream-prefix": "job"}
    container = {
        "name": "job",
        "image": IMAGE,
        "command": [f"{code}\nprint({END!r})"],
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    cloud.client("logs").create_log_group(logGroupName=group)
    ecs = cloud.client("ecs")
    ecs.register_task_definition(family=family, containerDefinitions=[container], **definition)
    return finish_task(cloud, family, group)


def finish_task(cloud: Cloud, family: str, group: str) -> str:
    """Run a task definition and return what it logged by its end."""
    ecs = cloud.client("ecs")
    ecs.create_cluster(clusterName="tests")
    (task,) = ecs.run_task(cluster="tests", taskDefinition=family)["tasks"]

    def stopped() -> bool:
        (found,) = ecs.describe_tasks(cluster="tests", tasks=[task["taskArn"]])["tasks"]
        return bool(found["lastStatus"] == "STOPPED")

    eventually(stopped, timeout_s=30)
    eventually(lambda: END in log_lines(cloud, group), timeout_s=5)
    return "\n".join(log_lines(cloud, group))


def start_task(cloud: Cloud, *, command: str, override: dict[str, Any] | None = None) -> tuple[str, str]:
    """Start a task with a variable and a log group; return its ARN and the group."""
    family, group = unique("task"), unique("group")
    options = {
        "awslogs-group": group,
        "awslogs-region": REGION,
        "awslogs-stream-prefix": "job",
        "awslogs-create-group": "true",
    }
    container = {
        "name": "job",
        "image": IMAGE,
        "command": [command],
        "environment": [{"name": "NAME", "value": "defined"}],
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    ecs = cloud.client("ecs")
    ecs.create_cluster(clusterName="tests")
    ecs.register_task_definition(family=family, containerDefinitions=[container])
    overrides = {"containerOverrides": [{"name": "job", **(override or {})}]}
    (task,) = ecs.run_task(cluster="tests", taskDefinition=family, overrides=overrides)["tasks"]
    return str(task["taskArn"]), group


def stopped(cloud: Cloud, task: str) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        (state,) = cloud.client("ecs").describe_tasks(cluster="tests", tasks=[task])["tasks"]
        return dict(state) if state["lastStatus"] == "STOPPED" else None

    return dict(eventually(found, timeout_s=30))


def logged(cloud: Cloud, group: str) -> list[str]:
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    return log_lines(cloud, group) if groups else []

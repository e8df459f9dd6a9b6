"""ECS: a task is a process of the project's interpreter; its log goes to the group of its definition."""

import json
import logging
import subprocess
import threading
import time
import uuid
from pathlib import Path
from typing import Any, ClassVar

from localstack.services.plugins import Service, ServiceLifecycleHook, aws_provider

from . import surroundings
from .resources import StandIn, generated_name, plugin

LOG = logging.getLogger(__name__)
ARN = f"arn:aws:ecs:{surroundings.REGION}:{surroundings.ACCOUNT}"
DEFINITIONS: dict[str, dict[str, Any]] = {}
TASKS: dict[str, tuple[dict[str, Any], "subprocess.Popen[str]"]] = {}
LINES_AT_ONCE_S = 1.0


def register(definition: dict[str, Any]) -> str:
    """Keep a definition of a task as the next revision of its family."""
    family = definition["family"]
    revision = 1 + sum(known["family"] == family for known in DEFINITIONS.values())
    arn = f"{ARN}:task-definition/{family}:{revision}"
    DEFINITIONS[arn] = definition
    return arn


def run_task(_: object, request: dict[str, Any]) -> dict[str, Any]:
    """Start a task, as Step Functions asks for it."""
    definition = _definition(request["taskDefinition"])
    [container] = definition["containerDefinitions"]
    [override] = request["overrides"]["containerOverrides"]
    task_id = uuid.uuid4().hex
    try:
        environment = _environment(container, override)
    except surroundings.client("secretsmanager").exceptions.ClientError as err:
        return {"tasks": [], "failures": [{"reason": f"ResourceInitializationError: {err}"}]}
    argv = [surroundings.project_python(), "-m", "training_job", *override["command"]]
    process = surroundings.start(argv, environment, cwd=Path("/tmp"))
    arn = f"{ARN}:task/bench/{task_id}"
    task = {
        "taskArn": arn,
        "clusterArn": request["cluster"],
        "taskDefinitionArn": request["taskDefinition"],
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "launchType": "FARGATE",
        "group": f"family:{definition['family']}",
        "startedBy": request.get("startedBy", ""),
        "containers": [{"name": container["name"], "lastStatus": "RUNNING", "taskArn": arn}],
    }
    TASKS[arn] = (task, process)
    threading.Thread(target=_follow, args=(container, task, process), daemon=True).start()
    return {"tasks": [task], "failures": []}


def _definition(name: str) -> dict[str, Any]:
    if name in DEFINITIONS:
        return DEFINITIONS[name]
    return [each for each in DEFINITIONS.values() if each["family"] == name][-1]


def _environment(container: dict[str, Any], override: dict[str, Any]) -> dict[str, str]:
    """Return what ECS puts into a container's environment; secrets are fetched now."""
    named = {each["name"]: each["value"] for each in container.get("environment", [])}
    fetched = {each["name"]: _secret(each["valueFrom"]) for each in container.get("secrets", [])}
    given = {each["name"]: each["value"] for each in override.get("environment", [])}
    access = {
        "AWS_ENDPOINT_URL": surroundings.endpoint_url(),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": surroundings.REGION,
        "PYTHONPATH": str(surroundings.project()),
        "PYTHONUNBUFFERED": "1",
        "TZ": "UTC",
    }
    return surroundings.inherited() | named | fetched | given | access


def _secret(reference: str) -> str:
    """Return one field of a secret: ``ARN:field:stage:version``."""
    arn, field, _, _ = reference.rsplit(":", 3)
    text = surroundings.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    return str(json.loads(text)[field])


def _follow(container: dict[str, Any], task: dict[str, Any], process: "subprocess.Popen[str]") -> None:
    """Pass a task's lines on while it runs, and note its end."""
    options = container["logConfiguration"]["options"]
    stream = f"{options['awslogs-stream-prefix']}/{container['name']}/{task['taskArn'].rsplit('/', 1)[-1]}"
    logs = surroundings.client("logs")
    logs.create_log_stream(logGroupName=options["awslogs-group"], logStreamName=stream)
    lines: list[dict[str, Any]] = []
    sent_at = time.monotonic()
    assert process.stdout is not None
    for line in process.stdout:
        lines.append({"timestamp": int(time.time() * 1000), "message": line.rstrip() or " "})
        if time.monotonic() - sent_at > LINES_AT_ONCE_S:
            logs.put_log_events(logGroupName=options["awslogs-group"], logStreamName=stream, logEvents=lines)
            lines, sent_at = [], time.monotonic()
    if lines:
        logs.put_log_events(logGroupName=options["awslogs-group"], logStreamName=stream, logEvents=lines)
    code = process.wait()
    task.update(lastStatus="STOPPED", desiredStatus="STOPPED", stopCode="EssentialContainerExited")
    task["containers"][0].update(lastStatus="STOPPED", exitCode=code)


def describe_tasks(_: object, request: dict[str, Any]) -> dict[str, Any]:
    """Return tasks by their ARN."""
    return {"tasks": [TASKS[arn][0] for arn in request["tasks"] if arn in TASKS], "failures": []}


def stop_task(_: object, request: dict[str, Any]) -> dict[str, Any]:
    """Ask a task to end."""
    task, process = TASKS[request["task"]]
    process.terminate()
    return {"task": task}


@aws_provider(api="ecs", name="default", should_load=surroundings.with_stand_ins)  # type: ignore[untyped-decorator]  # LocalStack ships no types
def ecs() -> Service:
    """Return the service, with what Step Functions and people ask of it."""
    provider = type("EcsStandIn", (ServiceLifecycleHook,), {"service": "ecs", "version": "2014-11-13"})
    operations = {"RunTask": run_task, "DescribeTasks": describe_tasks, "StopTask": stop_task}
    return Service.for_provider(provider(), dispatch_table_factory=lambda _: operations)


class Cluster(StandIn):
    """A name."""

    TYPE = "AWS::ECS::Cluster"
    SCHEMA: ClassVar = {
        "primaryIdentifier": ["/properties/ClusterName"],
        "properties": {"ClusterName": {}, "Arn": {}},
    }

    def describe(self, request: Any, model: dict[str, Any]) -> dict[str, Any]:
        """Name it."""
        name = model.get("ClusterName") or generated_name(request)
        return {"ClusterName": name, "Arn": f"{ARN}:cluster/{name}"}


class TaskDefinition(StandIn):
    """What a task runs."""

    TYPE = "AWS::ECS::TaskDefinition"
    SCHEMA: ClassVar = {
        "primaryIdentifier": ["/properties/TaskDefinitionArn"],
        "properties": {"TaskDefinitionArn": {}},
    }

    def describe(self, request: Any, model: dict[str, Any]) -> dict[str, Any]:
        """Register it under its family."""
        family = {"family": model.get("Family") or request.logical_resource_id}
        return {"TaskDefinitionArn": register(_spelled_as_the_api_does(model) | family)}


def _spelled_as_the_api_does(value: Any) -> Any:
    """Return a template's properties under the API's names; options of the log keep theirs."""
    if isinstance(value, dict):
        return {
            name[0].lower() + name[1:]: inner if name == "Options" else _spelled_as_the_api_does(inner)
            for name, inner in value.items()
        }
    return [_spelled_as_the_api_does(each) for each in value] if isinstance(value, list) else value


ClusterPlugin = plugin(Cluster, Cluster.TYPE)
TaskDefinitionPlugin = plugin(TaskDefinition, TaskDefinition.TYPE)

"""A task that is stopped may finish, and its exit code is its own.

AWS: StopTask sends SIGTERM, SIGKILL after the container's ``stopTimeout`` (30 seconds unless set), and
reports the task as STOPPED with the exit code once it has ended.
MiniStack: it reports STOPPED with exit code 0 at once and leaves two seconds.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html
"""

import contextvars
import functools
import threading
from typing import Any

from ministack.core.responses import json_response
from ministack.services import ecs

from local_cloud.fidelity.anchors import require

_DEFAULT_STOP_S = 30
# Why users stop the tasks that are about to end.
_reasons: dict[str, str] = {}


def apply() -> None:
    """Stop the containers before the record."""
    require(ecs._stop_task, '"UserInitiated", exit_code=0', "_resolve_task(task_ref, cluster_name)")
    require(ecs._mark_task_stopped, 'container.get("exitCode") is None')
    ecs._stop_task = _patient(ecs._stop_task)
    ecs._ACTION_MAP["StopTask"] = ecs._stop_task
    ecs._mark_task_stopped = _with_users_reason(ecs._mark_task_stopped)


def _with_users_reason(mark: Any) -> Any:
    """Keep the user's reason, whoever sees the end first."""

    @functools.wraps(mark)
    def mark_with_reason(arn: str, task: Any, reason: str, code: str, exit_code: int | None = None) -> Any:
        wished = _reasons.get(arn)
        return mark(arn, task, wished or reason, "UserInitiated" if wished else code, exit_code)

    return mark_with_reason


def _patient(stop: Any) -> Any:
    @functools.wraps(stop)
    def stop_patiently(data: dict[str, Any]) -> Any:
        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        task = ecs._resolve_task(data.get("task", ""), cluster) if cluster else None
        if not task or task["lastStatus"] == "STOPPED" or not task.get("_docker_ids"):
            return stop(data)
        _reasons[task["taskArn"]] = data.get("reason", "Task stopped by user")
        work = contextvars.copy_context().run
        threading.Thread(target=work, args=(_end, task, data, stop), daemon=True, name="task-stop").start()
        return json_response({"task": {**ecs._sanitize(task), "desiredStatus": "STOPPED"}})

    return stop_patiently


def _end(task: dict[str, Any], data: dict[str, Any], stop: Any) -> None:
    """Let the containers end, note their exit codes, then close the task's record."""
    from docker.errors import NotFound

    client, limit_s = ecs._get_docker(), _stop_timeout_s(task)
    for index, container_id in enumerate(list(task["_docker_ids"])):
        try:
            container = client.containers.get(container_id)
            container.stop(timeout=limit_s)
            task["containers"][index]["exitCode"] = container.wait()["StatusCode"]
        except NotFound:
            # The watcher saw it end first and has its exit code.
            continue
    stop(data)
    _reasons.pop(task["taskArn"], None)


def _stop_timeout_s(task: dict[str, Any]) -> int:
    definition = ecs._task_defs.get(ecs._resolve_td_key(task["taskDefinitionArn"])) or {}
    limits = [
        int(c["stopTimeout"]) for c in definition.get("containerDefinitions", []) if c.get("stopTimeout")
    ]
    return max(limits, default=_DEFAULT_STOP_S)

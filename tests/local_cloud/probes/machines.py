"""How state machines wait and end."""

import json
from typing import Any

from tests.local_cloud.aws import ended, machine, queue, refused, start
from tests.local_cloud.conftest import Cloud, eventually


def waiting_task(queue_url: str, **limits: Any) -> dict[str, Any]:
    """A task state that sends its token to a queue and waits for the answer."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue_url, "MessageBody": {"token.$": "$$.Task.Token"}},
        "End": True,
        **limits,
    }


def next_token(cloud: Cloud, queue_url: str) -> str:
    def receive() -> Any:
        return cloud.client("sqs").receive_message(QueueUrl=queue_url).get("Messages")

    (message,) = eventually(receive, timeout_s=6)
    cloud.client("sqs").delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return str(json.loads(message["Body"])["token"])


def task_timing(cloud: Cloud) -> None:
    url = queue(cloud)
    retry = [{"ErrorEquals": ["States.HeartbeatTimeout"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    task = waiting_task(url, HeartbeatSecondsPath="$.silence", TimeoutSeconds=8, Retry=retry)
    execution = start(cloud, machine(cloud, {"StartAt": "T", "States": {"T": task}}), silence=1)
    first, second = next_token(cloud, url), next_token(cloud, url)
    assert first != second
    states = cloud.client("stepfunctions")
    assert refused(lambda: states.send_task_heartbeat(taskToken=first)) == "TaskTimedOut"
    assert ended(cloud, execution)["error"] == "States.HeartbeatTimeout"


def execution_end(cloud: Cloud) -> None:
    url, states = queue(cloud), cloud.client("stepfunctions")
    task = waiting_task(url, TimeoutSeconds=6)
    late = start(cloud, machine(cloud, {"StartAt": "T", "States": {"T": task}, "TimeoutSeconds": 1}))
    next_token(cloud, url)
    assert ended(cloud, late)["status"] == "TIMED_OUT"
    stopped = start(cloud, machine(cloud, {"StartAt": "T", "States": {"T": task}}))
    token = next_token(cloud, url)
    states.stop_execution(executionArn=stopped)
    eventually(lambda: refused(lambda: states.send_task_heartbeat(taskToken=token)), timeout_s=3)
    assert ended(cloud, stopped)["status"] == "ABORTED"

"""How state machines wait and end."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from tests.local_cloud.aws import ended, machine, queue, refused, start, unique
from tests.local_cloud.conftest import Cloud, eventually, prepare
from tests.local_cloud.tasks import IMAGE


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


def saved_messages(cloud: Cloud) -> Iterator[str]:
    """Yield what is on disk of messages: the queues' state, and the file of each."""
    folder = cloud.settings.state_folder
    for path in [folder / "sqs.json", *(folder / "messages").glob("*.json")]:
        with contextlib.suppress(FileNotFoundError):  # it was swept meanwhile
            yield path.read_text()


def execution_resume(cloud: Cloud) -> None:
    url, states = queue(cloud), cloud.client("stepfunctions")
    asking = start(cloud, machine(cloud, {"StartAt": "T", "States": {"T": waiting_task(url)}}))
    token = next_token(cloud, url)
    caught = start(cloud, machine(cloud, running_task(cloud), "ecs:RunTask"))
    saved = cloud.settings.state_folder / "stepfunctions.json"
    # It began after the other had asked, so what holds this one's task holds the question, too.
    prepare(lambda: "TaskScheduled" in saved.read_text().partition(f'"{caught}"')[2])
    # A message that was deleted a moment before may come again, and would look like a second question.
    prepare(lambda: not any(token in text for text in saved_messages(cloud)))
    cloud.crash()
    found = ended(cloud, caught)
    assert found["status"] == "SUCCEEDED", found
    assert json.loads(found["output"]) == {"Error": "States.HeartbeatTimeout"}
    assert not cloud.client("sqs").receive_message(QueueUrl=url).get("Messages")
    states.send_task_success(taskToken=token, output='"yes"')
    assert ended(cloud, asking)["output"] == '"yes"'


def running_task(cloud: Cloud) -> dict[str, Any]:
    """A machine whose one task runs until it is lost, and ends with the error that it caught."""
    family = unique("task")
    container = {"name": "job", "image": IMAGE, "command": ["import time; time.sleep(60)"]}
    ecs = cloud.client("ecs")
    ecs.create_cluster(clusterName="tests")
    ecs.register_task_definition(family=family, containerDefinitions=[container])
    run = {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.waitForTaskToken",
        "Parameters": {"Cluster": "tests", "TaskDefinition": family},
        "Catch": [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "Lost"}],
        "End": True,
    }
    lost = {"Type": "Pass", "Parameters": {"Error.$": "$.Error"}, "End": True}
    return {"StartAt": "Run", "States": {"Run": run, "Lost": lost}}

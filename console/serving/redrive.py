"""Sending again the predictions that could not be stored or queued."""

import datetime as dt
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bikecast.errors import DeploymentError
from bikecast.names import Output
from bikecast.serving.log.unsent import UnsentMessage, unsent_messages
from bikecast.tracing import message_attributes
from console import ui
from console.cloud.localstack import actual_log_groups
from console.cloud.outputs import StackOutputs, parse_log_groups, read_stack_outputs
from console.cloud.session import Cloud

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType

MESSAGES_AT_ONCE = 10
HIDE_S = 60
PREDICTOR = "predict"


@dataclass(frozen=True)
class Redriven:
    """How many messages were sent again, by where they waited."""

    dead_letters: int
    logged: int


def redrive(cloud: Cloud, *, since: dt.datetime) -> Redriven:
    """Send every dead letter to the capture queue, and what the predictor logged when it could not queue it.

    Storing is idempotent by the prediction's id, so a message that is sent twice is stored once.

    Args:
        cloud: Whose queues and logs.
        since: Aware start of the search in the predictor's log; dead letters are all moved.
    """
    outputs = read_stack_outputs(cloud.cloudformation)
    with ui.activity("redrive") as current:
        moved = _move_dead_letters(cloud, outputs)
        current.update(f"{moved} dead letters moved, reading the predictor's log")
        return Redriven(moved, _send_logged(cloud, outputs, since=since))


def _move_dead_letters(cloud: Cloud, outputs: StackOutputs) -> int:
    source = outputs.require(Output.CAPTURE_DEAD_LETTER_QUEUE_URL)
    destination = outputs.require(Output.CAPTURE_QUEUE_URL)
    moved = 0
    while (messages := _receive(cloud, source)) or _holds_any(cloud, source):
        for message in messages:
            attributes = message.get("MessageAttributes", {})
            cloud.sqs.send_message(
                QueueUrl=destination, MessageBody=message["Body"], MessageAttributes=attributes
            )
            cloud.sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    return moved


def _holds_any(cloud: Cloud, url: str) -> bool:
    """Tell whether messages are left: one that an attempt received in vain is hidden for a while."""
    counts: list[QueueAttributeNameType] = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
    ]
    found = cloud.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"]
    return any(int(found[count]) for count in counts)


def _send_logged(cloud: Cloud, outputs: StackOutputs, *, since: dt.datetime) -> int:
    destination = outputs.require(Output.CAPTURE_QUEUE_URL)
    group = parse_log_groups(outputs.require(Output.LOG_GROUPS))[PREDICTOR]
    groups = actual_log_groups(cloud, {PREDICTOR: group})[PREDICTOR]
    logged = [message for each in groups for message in _unsent(cloud, each, since=since)]
    for message in logged:
        attributes = message_attributes(message.traceparent)
        cloud.sqs.send_message(QueueUrl=destination, MessageBody=message.body, **attributes)
    return len(logged)


def _unsent(cloud: Cloud, group: str, *, since: dt.datetime) -> list[UnsentMessage]:
    try:
        return list(unsent_messages(cloud.logs, group, since=since))
    except cloud.logs.exceptions.ResourceNotFoundException:
        return []  # nothing has been logged there yet


def _receive(cloud: Cloud, url: str) -> list[Any]:
    answer = cloud.sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=MESSAGES_AT_ONCE,
        VisibilityTimeout=HIDE_S,
        WaitTimeSeconds=1,
        MessageAttributeNames=["All"],  # the trace goes on
    )
    return list(answer.get("Messages", []))


def wait_until_captured(cloud: Cloud, *, timeout_s: float = 60) -> None:
    """Wait until no prediction waits for the database any more.

    Raises:
        DeploymentError: Some still wait after ``timeout_s``.
    """
    url, until = read_stack_outputs(cloud.cloudformation).require(Output.CAPTURE_QUEUE_URL), time.monotonic()
    while _waiting(cloud, url):
        if time.monotonic() - until > timeout_s:
            raise DeploymentError(
                "predictions still wait in their queue: `bikecast logs capture_predictions`"
            )
        time.sleep(0.5)


def _waiting(cloud: Cloud, url: str) -> int:
    names: list[Any] = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = cloud.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found.get(name, 0)) for name in names)

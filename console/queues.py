"""The prediction log's queue: what could not be stored waits in the dead-letter queue to be sent again."""

from typing import Any

from bikecast.names import Output
from console import ui
from console.cloud import Cloud
from console.outputs import read_stack_outputs

MESSAGES_AT_ONCE = 10
HIDE_S = 60


def redrive(cloud: Cloud) -> int:
    """Move every dead letter back to the capture queue and return how many there were.

    Storing is idempotent by the prediction's id, so a message that is sent twice is stored once.
    """
    outputs = read_stack_outputs(cloud.cloudformation)
    source = outputs.require(Output.CAPTURE_DEAD_LETTER_QUEUE_URL)
    destination = outputs.require(Output.CAPTURE_QUEUE_URL)
    moved = 0
    with ui.activity("redrive") as current:
        while messages := _receive(cloud, source):
            for message in messages:
                cloud.sqs.send_message(QueueUrl=destination, MessageBody=message["Body"])
                cloud.sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
                moved += 1
            current.update(f"{moved} moved")
    return moved


def _receive(cloud: Cloud, url: str) -> list[Any]:
    answer = cloud.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=MESSAGES_AT_ONCE, VisibilityTimeout=HIDE_S, WaitTimeSeconds=1
    )
    return list(answer.get("Messages", []))

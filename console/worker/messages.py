"""Messages that ask for steps: received, kept from others while they are worked on, deleted in the end."""

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bikecast.names import Step, StepMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

logger = logging.getLogger(__name__)

AT_ONCE = 10


@dataclass(frozen=True)
class StepRequest:
    """One step that a state machine waits for, and those that follow it in the same process.

    Attributes:
        steps: Commands of the job.
        token: Answers it.
        step_input: The step's input, as JSON.
        execution: Name of the execution that it belongs to; machines of an earlier deployment tell none.
        receipt: Handle of the message.
    """

    steps: tuple[Step, ...]
    token: SecretStr
    step_input: str
    execution: str | None
    receipt: str

    @property
    def name(self) -> str:
        """Return what people are told of it."""
        return " ".join(self.steps)


class StepQueue:
    """The queue of steps.

    Args:
        client: A boto3 SQS client.
        url: The queue's.
    """

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client, self._url = client, url
        found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
        self.visibility_s = int(found["Attributes"]["VisibilityTimeout"])

    def receive(self, *, wait_s: int) -> list[StepRequest]:
        """Return messages as they come; one that nobody understands is left, and kept aside in the end."""
        answer = self._client.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=AT_ONCE, WaitTimeSeconds=wait_s
        )
        parsed = (_parse(message) for message in answer.get("Messages", []))
        return [request for request in parsed if request is not None]

    def keep(self, request: StepRequest) -> None:
        """Keep a message from other workers for another while."""
        self._hide(request, seconds=self.visibility_s)

    def release(self, request: StepRequest) -> None:
        """Leave a message to other workers now."""
        self._hide(request, seconds=0)

    def delete(self, request: StepRequest) -> None:
        """Delete a message whose step is over."""
        self._client.delete_message(QueueUrl=self._url, ReceiptHandle=request.receipt)

    def _hide(self, request: StepRequest, *, seconds: int) -> None:
        self._client.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=request.receipt, VisibilityTimeout=seconds
        )


def _parse(message: "MessageTypeDef") -> StepRequest | None:
    try:
        body = json.loads(message["Body"])
        return StepRequest(
            steps=tuple(map(Step, body[StepMessage.STEP].split())),
            token=SecretStr(body[StepMessage.TOKEN]),
            step_input=json.dumps(body[StepMessage.INPUT]),
            execution=body.get(StepMessage.EXECUTION),
            receipt=message["ReceiptHandle"],
        )
    except (ValueError, KeyError, TypeError) as err:
        logger.error("message %s asks for no step: %s", message.get("MessageId"), err)
        return None

"""Trainings that wait for approval: found in their queue, answered with their task token."""

import getpass
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bikecast.errors import InputError
from bikecast.names import GONE_TASK_ERRORS, Output
from console.cloud.outputs import read_stack_outputs
from console.cloud.session import Cloud
from console.settings import use_case

# The queue shows a message again after this time if nobody answered it.
LOOK_S = 5
MESSAGES_AT_ONCE = 10


class ApprovalAnswer(StrEnum):
    """What a person may say."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True)
class Waiting:
    """One training that asks; ``receipt`` removes its message from the queue.

    ``use_case`` is None where an earlier deployment's machine asked.
    """

    execution: str
    use_case: str | None
    reason: str | None
    task_token: str
    receipt: str


def list_waiting(cloud: Cloud) -> list[Waiting]:
    """Return the trainings that wait for a person."""
    url = read_stack_outputs(cloud.cloudformation).require(Output.APPROVAL_QUEUE_URL)
    found: dict[str, Waiting] = {}
    while True:
        messages = cloud.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=MESSAGES_AT_ONCE, VisibilityTimeout=LOOK_S
        ).get("Messages", [])
        fresh = {m["MessageId"]: _waiting(m) for m in messages if m["MessageId"] not in found}
        if not fresh:
            return list(found.values())
        found |= fresh


def _waiting(message: Any) -> Waiting:
    body = json.loads(message["Body"])
    return Waiting(
        execution=body["execution"],
        use_case=body.get("use_case"),
        reason=(body.get("evaluate") or {}).get("reason"),
        task_token=body["task_token"],
        receipt=message["ReceiptHandle"],
    )


def answer(
    cloud: Cloud, word: ApprovalAnswer, *, execution: str | None, reason: str | None
) -> dict[str, Any]:
    """Answer the training of the chosen use case that waits; name it when several do.

    Raises:
        InputError: None waits, several wait and none was named, or it does not wait any more.
    """
    url = read_stack_outputs(cloud.cloudformation).require(Output.APPROVAL_QUEUE_URL)
    waiting = list_waiting(cloud)
    try:
        chosen = _choose(waiting, execution)
    except InputError:
        _show_again(cloud, url, waiting)
        raise
    reply = {"decision": word.value, "by": getpass.getuser(), "reason": reason or "no reason given"}
    try:
        is_waiting = _send(cloud, chosen, reply=reply)
    except BaseException:
        _show_again(cloud, url, waiting)
        raise
    # Also a question that nobody waits for goes: it could never be answered.
    cloud.sqs.delete_message(QueueUrl=url, ReceiptHandle=chosen.receipt)
    _show_again(cloud, url, [entry for entry in waiting if entry is not chosen])
    if not is_waiting:
        raise InputError(f"{chosen.execution} does not wait any more: `bikecast runs` shows how it ended")
    return {"execution": chosen.execution, **reply}


def _show_again(cloud: Cloud, url: str, waiting: list[Waiting]) -> None:
    """Let the next look find these at once, or the next answer would find nobody waiting."""
    for entry in waiting:
        cloud.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=entry.receipt, VisibilityTimeout=0)


def _choose(waiting: list[Waiting], execution: str | None) -> Waiting:
    wanted = execution.rsplit(":", 1)[-1] if execution else None
    ours = [entry for entry in waiting if entry.use_case in (None, use_case())]
    matching = [entry for entry in ours if wanted in (None, entry.execution)]
    if len(matching) == 1:
        return matching[0]
    if not ours:
        raise InputError(f"no training of {use_case()} is waiting for approval")
    names = ", ".join(entry.execution for entry in ours)
    if matching:
        raise InputError(f"several trainings wait, name one of them: {names}")
    raise InputError(f"{wanted} is not waiting for approval; waiting: {names}")


def _send(cloud: Cloud, waiting: Waiting, *, reply: dict[str, str]) -> bool:
    """Answer, and tell whether the training waited for it, as far as can be known."""
    from botocore.exceptions import ClientError

    try:
        cloud.stepfunctions.send_task_success(taskToken=waiting.task_token, output=json.dumps(reply))
    except ClientError as err:
        if err.response["Error"]["Code"] in GONE_TASK_ERRORS:
            # After a retry, an attempt whose answer was lost has arrived most likely.
            return err.response["ResponseMetadata"].get("RetryAttempts", 0) > 0
        raise
    return True

"""Dead letters go back; waiting trainings are answered by name."""

import json

import pytest

from bikecast.errors import InputError
from bikecast.names import Output
from console.approvals import Answer, answer, list_waiting
from console.cloud import Cloud
from console.queues import redrive
from tests.aws.console.test_outputs import deploy_stack


def queue(cloud: Cloud, name: str, *bodies: str) -> str:
    url = cloud.sqs.create_queue(QueueName=name)["QueueUrl"]
    for body in bodies:
        cloud.sqs.send_message(QueueUrl=url, MessageBody=body)
    return url


def test_every_dead_letter_goes_back(cloud: Cloud) -> None:
    dead = queue(cloud, "dead", *(str(number) for number in range(13)))
    alive = queue(cloud, "alive")
    outputs = {Output.CAPTURE_DEAD_LETTER_QUEUE_URL: dead, Output.CAPTURE_QUEUE_URL: alive}
    deploy_stack(cloud, "bikecast-serving", outputs)
    assert redrive(cloud) == 13
    assert redrive(cloud) == 0
    count = cloud.sqs.get_queue_attributes(QueueUrl=alive, AttributeNames=["ApproximateNumberOfMessages"])
    assert count["Attributes"]["ApproximateNumberOfMessages"] == "13"


def ask(execution: str) -> str:
    evaluate = {"decision": "promote", "reason": "better by 12 %"}
    return json.dumps({"task_token": "token", "execution": execution, "evaluate": evaluate})


def test_waiting_trainings_are_listed_with_their_reason(cloud: Cloud) -> None:
    url = queue(cloud, "approvals", ask("train-1"), ask("train-2"))
    deploy_stack(cloud, "bikecast-training", {Output.APPROVAL_QUEUE_URL: url})
    waiting = list_waiting(cloud)
    assert {(entry.execution, entry.reason) for entry in waiting} == {
        ("train-1", "better by 12 %"),
        ("train-2", "better by 12 %"),
    }


def test_one_of_several_must_be_named(cloud: Cloud) -> None:
    url = queue(cloud, "approvals", ask("train-1"), ask("train-2"))
    deploy_stack(cloud, "bikecast-training", {Output.APPROVAL_QUEUE_URL: url})
    with pytest.raises(InputError, match="name one of them: train-"):
        answer(cloud, Answer.APPROVE, execution=None, reason=None)


def test_nothing_to_answer_is_said(cloud: Cloud) -> None:
    deploy_stack(cloud, "bikecast-training", {Output.APPROVAL_QUEUE_URL: queue(cloud, "approvals")})
    with pytest.raises(InputError, match="waiting: none"):
        answer(cloud, Answer.REJECT, execution="train-9", reason="no")


def test_a_misspelt_answer_leaves_the_training_waiting(cloud: Cloud) -> None:
    url = queue(cloud, "approvals", ask("train-1"))
    deploy_stack(cloud, "bikecast-training", {Output.APPROVAL_QUEUE_URL: url})
    with pytest.raises(InputError, match="waiting: train-1"):
        answer(cloud, Answer.APPROVE, execution="tarin-1", reason=None)
    assert [entry.execution for entry in list_waiting(cloud)] == ["train-1"]

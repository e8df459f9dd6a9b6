"""Dead letters go back; waiting trainings are answered by name."""

import datetime as dt
import json

import pytest
from mypy_boto3_logs.type_defs import InputLogEventTypeDef

from bikecast.errors import InputError
from bikecast.names import Output
from bikecast.serving.log.unsent import FIELD, MESSAGE
from bikecast.tracing import TRACEPARENT, message_attributes, traceparent_of_execution
from console.cloud.session import Cloud
from console.executions.approvals import ApprovalAnswer, answer, list_waiting
from console.serving.redrive import Redriven, redrive
from tests.aws.console.test_outputs import deploy_stack

NOW = dt.datetime.now(dt.UTC)


def queue(cloud: Cloud, name: str, *bodies: str) -> str:
    url = cloud.sqs.create_queue(QueueName=name)["QueueUrl"]
    for body in bodies:
        cloud.sqs.send_message(QueueUrl=url, MessageBody=body)
    return url


def stacks_with(cloud: Cloud, *, dead: str, alive: str, log_group: str) -> None:
    outputs = {
        Output.CAPTURE_DEAD_LETTER_QUEUE_URL: dead,
        Output.CAPTURE_QUEUE_URL: alive,
        Output.LOG_GROUPS: json.dumps({"predict": log_group}),
    }
    deploy_stack(cloud, "bikecast-serving", outputs)
    cloud.logs.create_log_group(logGroupName=log_group)
    cloud.logs.create_log_stream(logGroupName=log_group, logStreamName="s")


def bodies(cloud: Cloud, url: str) -> list[str]:
    found: list[str] = []
    while messages := cloud.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [message["Body"] for message in messages]
    return found


def test_every_dead_letter_goes_back(cloud: Cloud) -> None:
    dead = queue(cloud, "dead", *(str(number) for number in range(13)))
    alive = queue(cloud, "alive")
    stacks_with(cloud, dead=dead, alive=alive, log_group="predict")
    assert redrive(cloud, since=NOW) == Redriven(dead_letters=13, logged=0)
    assert redrive(cloud, since=NOW) == Redriven(dead_letters=0, logged=0)
    assert sorted(map(int, bodies(cloud, alive))) == list(range(13))


def test_what_is_sent_again_keeps_its_trace(cloud: Cloud) -> None:
    dead, alive = queue(cloud, "dead"), queue(cloud, "alive")
    stacks_with(cloud, dead=dead, alive=alive, log_group="predict")
    dead_letters, logged = (traceparent_of_execution(name) for name in ("dead", "logged"))
    cloud.sqs.send_message(QueueUrl=dead, MessageBody="[]", **message_attributes(dead_letters))
    line = json.dumps({"message": MESSAGE, FIELD: "[]", TRACEPARENT: logged})
    event: InputLogEventTypeDef = {"timestamp": int(NOW.timestamp() * 1000), "message": line}
    cloud.logs.put_log_events(logGroupName="predict", logStreamName="s", logEvents=[event])
    assert redrive(cloud, since=NOW - dt.timedelta(hours=1)) == Redriven(dead_letters=1, logged=1)
    received = cloud.sqs.receive_message(
        QueueUrl=alive, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )["Messages"]
    carried = {message["MessageAttributes"][TRACEPARENT]["StringValue"] for message in received}
    assert carried == {dead_letters, logged}


def test_what_the_predictor_could_not_queue_is_sent_from_its_log(cloud: Cloud) -> None:
    alive = queue(cloud, "alive")
    stacks_with(cloud, dead=queue(cloud, "dead"), alive=alive, log_group="predict")
    lines = {0: '[{"id": "today"}]', 3: '[{"id": "too old"}]'}
    for days_ago, rows in sorted(lines.items(), reverse=True):
        at = NOW - dt.timedelta(days=days_ago)
        record = json.dumps({"message": MESSAGE, "reason": "refused", FIELD: rows})
        event: InputLogEventTypeDef = {"timestamp": int(at.timestamp() * 1000), "message": record}
        cloud.logs.put_log_events(logGroupName="predict", logStreamName="s", logEvents=[event])
    sent = redrive(cloud, since=NOW - dt.timedelta(days=1))
    assert sent == Redriven(dead_letters=0, logged=1)
    assert bodies(cloud, alive) == ['[{"id": "today"}]']


def test_a_predictor_that_never_logged_has_nothing_to_send(cloud: Cloud) -> None:
    stacks_with(cloud, dead=queue(cloud, "dead"), alive=queue(cloud, "alive"), log_group="predict")
    cloud.logs.delete_log_group(logGroupName="predict")
    assert redrive(cloud, since=NOW) == Redriven(dead_letters=0, logged=0)


def ask(execution: str, *, use_case: str = "citibike") -> str:
    evaluate = {"decision": "promote", "reason": "better by 12 %"}
    return json.dumps(
        {"task_token": "token", "execution": execution, "use_case": use_case, "evaluate": evaluate}
    )


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
        answer(cloud, ApprovalAnswer.APPROVE, execution=None, reason=None)


def test_nothing_to_answer_is_said(cloud: Cloud) -> None:
    deploy_stack(cloud, "bikecast-training", {Output.APPROVAL_QUEUE_URL: queue(cloud, "approvals")})
    with pytest.raises(InputError, match="no training of citibike is waiting for approval"):
        answer(cloud, ApprovalAnswer.REJECT, execution="train-9", reason="no")


def test_a_training_of_another_use_case_is_not_answered(cloud: Cloud) -> None:
    url = queue(cloud, "approvals", ask("train-1", use_case="obesity"))
    deploy_stack(cloud, "bikecast-training", {Output.APPROVAL_QUEUE_URL: url})
    for execution in (None, "train-1"):
        with pytest.raises(InputError, match="no training of citibike is waiting"):
            answer(cloud, ApprovalAnswer.APPROVE, execution=execution, reason=None)
    assert [entry.execution for entry in list_waiting(cloud)] == ["train-1"]


def test_a_misspelt_answer_leaves_the_training_waiting(cloud: Cloud) -> None:
    url = queue(cloud, "approvals", ask("train-1"))
    deploy_stack(cloud, "bikecast-training", {Output.APPROVAL_QUEUE_URL: url})
    with pytest.raises(InputError, match="waiting: train-1"):
        answer(cloud, ApprovalAnswer.APPROVE, execution="tarin-1", reason=None)
    assert [entry.execution for entry in list_waiting(cloud)] == ["train-1"]

"""Events under faults: the synthesized states publish to a bus that refuses; nothing is lost."""

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from moto import mock_aws
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_events as interpreter,
)
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for

from tests.infra.conftest import Assembly
from tests.infra.test_machines import definition_of
from tests.sdk_faults import Fault, Wire

ROLE = "arn:aws:iam::123456789012:role/states"
RETURNED = [{"detail_type": f"Told{number}", "detail": {"number": number}} for number in range(3)]
LIMIT_S = 20


@dataclass
class Bus:
    """EventBridge with a queue that gets every event; ``wire`` strikes at what state machines publish."""

    wire: Wire
    url: str
    waited_s: list[float] = field(default_factory=list)

    def arrived(self) -> list[dict[str, Any]]:
        """Return what arrived."""
        found: list[dict[str, Any]] = []
        sqs = boto3.client("sqs")
        while got := sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(each["Body"]) for each in got]
        return found


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bus]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        events, sqs = boto3.client("events"), boto3.client("sqs")
        url = sqs.create_queue(QueueName="all")["QueueUrl"]
        events.put_rule(Name="all", EventPattern=json.dumps({"source": [{"prefix": "bikecast"}]}))
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_targets(Rule="all", Targets=[{"Id": "queue", "Arn": arn}])
        made = Bus(Wire(events), url)

        def attached(**where: Any) -> Any:
            client = boto_client_for(**where)
            made.wire.attach(client)
            return _Client(client)

        monkeypatch.setattr(interpreter, "boto_client_for", attached)
        monkeypatch.setattr(retrier_decl, "time", _Clock(made.waited_s))
        yield made


class _Client:
    """Raises what AWS lets the state fail with; the interpreter takes other errors for its own."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def put_events(self, **entries: Any) -> Any:
        try:
            return self._client.put_events(**entries)
        except (ClientError, BotoCoreError) as err:
            raise interpreter.SfnFailedEntryCountException({"error": str(err)}) from err


class _Clock:
    """Waits for nothing, and remembers how long it should have."""

    def __init__(self, waited_s: list[float]) -> None:
        self.sleep = waited_s.append


def _run(definition: dict[str, Any], payload: dict[str, Any]) -> dict[str, Any]:
    """Run a machine to its end."""
    states = boto3.client("stepfunctions")
    arn = states.create_state_machine(name="tells", definition=json.dumps(definition), roleArn=ROLE)
    started = states.start_execution(
        stateMachineArn=arn["stateMachineArn"], name=f"run-{uuid.uuid4().hex}", input=json.dumps(payload)
    )
    until_s = time.monotonic() + LIMIT_S
    while (found := states.describe_execution(executionArn=started["executionArn"]))["status"] == "RUNNING":
        assert time.monotonic() < until_s
        time.sleep(0.05)
    return dict(found)


def _publishing(assembly: Assembly) -> dict[str, Any]:
    """Return a machine of the state alone by which a step's events are published."""
    state = definition_of(assembly, "Operate")["States"]["PublishEvents"]
    state = json.loads(json.dumps(state).replace("<AWS::Partition>", "aws"))
    return {"StartAt": "PublishEvents", "States": {"PublishEvents": {**state, "End": True}}}


@pytest.mark.parametrize("fault", Fault)
def test_every_event_of_a_step_arrives_whichever_request_fails(fault: Fault, bus: Bus, aws: Assembly) -> None:
    for struck in range(len(RETURNED)):
        bus.wire.strike({struck: fault})
        ended = _run(_publishing(aws), {"events": RETURNED})
        assert ended["status"] == "SUCCEEDED", ended
        told = [each["detail"]["number"] for each in bus.arrived()]
        # A lost answer makes an event come twice, as on any bus: it is told twice, and nothing is done twice.
        again = [struck] if fault is Fault.ANSWER_LOST else []
        assert sorted(told) == sorted([0, 1, 2, *again])
        assert len(bus.wire.operations) == len(RETURNED) + 1


def test_an_event_that_is_refused_again_and_again_is_tried_for_half_a_minute(bus: Bus, aws: Assembly) -> None:
    bus.wire.strike(dict.fromkeys(range(4), Fault.ENTRY_REFUSED))
    assert _run(_publishing(aws), {"events": RETURNED[:1]})["status"] == "SUCCEEDED"
    assert [each["detail"]["number"] for each in bus.arrived()] == [0]
    assert bus.waited_s == [2, 4, 8, 16]
    bus.wire.strike(dict.fromkeys(range(5), Fault.THROTTLED))
    assert _run(_publishing(aws), {"events": RETURNED[:1]})["status"] == "FAILED"

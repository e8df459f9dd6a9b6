"""Throttling, server errors and lost answers between our code and AWS: nothing lost, nothing done twice."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from bikecast.errors import ConflictError, InputError
from bikecast.names import CHAMPION_HISTORY_PREFIX, Output
from bikecast.registry.champion_store import ChampionStore
from bikecast.registry.manifest import ChangeAction
from bikecast.serving.log.prediction_log import QueueLog
from bikecast.serving.trainings import SearchRequest, Trainings
from bikecast.storage import FolderStore, S3Store
from console.cloud.session import Cloud
from console.executions.approvals import ApprovalAnswer, answer, list_waiting
from console.executions.executions import start_execution
from console.serving import redrive as redriving
from console.serving.redrive import redrive
from lambdas.predict.parts import QUEUE_CONFIG, STORE_CONFIG
from tests.aws.console.conftest import cloud
from tests.aws.console.test_outputs import deploy_stack
from tests.aws.console.test_queues import ask, bodies, queue, stacks_with
from tests.sdk_faults import TRANSIENT, Fault, Wire, answering, no_waiting
from tests.unit.serving import world
from tests.unit.serving.test_prediction_log import row
from training_job.runtime.answers import TaskReply
from use_cases.citibike.keys import citibike_key

__all__ = ["cloud", "no_waiting"]
pytestmark = pytest.mark.usefixtures("no_waiting")
MANY_KEYS = 1005  # more than a page of a listing
MACHINE = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 1000, "End": True}}})
ROLE = "arn:aws:iam::123456789012:role/states"
each_fault = pytest.mark.parametrize("fault", TRANSIENT)


@pytest.fixture
def account() -> Iterator[None]:
    with mock_aws():
        yield


def client(service: Any, **options: Any) -> Any:
    keys: dict[str, Any] = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.client(service, region_name="us-east-1", **keys, **options)


def bucket(**options: Any) -> tuple[S3Store, Wire]:
    s3 = client("s3", **options)
    s3.create_bucket(Bucket="bucket")
    return S3Store(s3, "bucket"), Wire(s3)


@pytest.mark.usefixtures("account")
@each_fault
@pytest.mark.parametrize("config", [None, STORE_CONFIG], ids=["job", "predictor"])
def test_objects_are_read_and_written_once_whatever_happens_to_a_request(
    fault: Fault, config: Config | None, tmp_path: Path
) -> None:
    store, wire = bucket(config=config)
    (tmp_path / "file").write_bytes(b"trips")
    actions: list[Callable[[], object]] = [
        lambda: store.write("a", b"1", if_absent=True),
        lambda: store.write("a", b"2", if_match=store.read("a").etag),
        lambda: store.read_if_changed("a", etag="other"),
        lambda: list(store.keys("")),
        lambda: store.upload(tmp_path / "file", "b"),
        lambda: store.download("b", tmp_path / "copy"),
        lambda: store.delete("gone"),
    ]
    for act in actions:
        wire.strike({0: fault})
        act()
        assert len(wire.operations) >= 2
    assert {key: store.read(key).body for key in store.keys("")} == {"a": b"2", "b": b"trips"}
    assert (tmp_path / "copy").read_bytes() == b"trips"


@pytest.mark.usefixtures("account")
def test_a_conflict_with_somebody_else_is_not_taken_for_a_lost_answer() -> None:
    store, wire = bucket()
    store.write("lock", b"theirs")
    wire.strike({0: Fault.NO_ANSWER})
    with pytest.raises(ConflictError):
        store.write("lock", b"ours", if_absent=True)
    wire.strike({})
    with pytest.raises(ConflictError):  # who never tried before has not written it
        store.write("lock", b"theirs", if_absent=True)


@pytest.mark.usefixtures("account")
def test_a_listing_is_whole_and_without_repetition() -> None:
    store, wire = bucket()
    for number in range(MANY_KEYS):
        store.write(f"{number:04d}", b"")
    wire.strike({0: Fault.THROTTLED, 2: Fault.ANSWER_LOST})
    assert list(store.keys("")) == [f"{number:04d}" for number in range(MANY_KEYS)]


@pytest.mark.usefixtures("account")
@each_fault
def test_a_champion_changes_once_whichever_request_fails(fault: Fault, tmp_path: Path) -> None:
    store, wire = bucket()
    champions, change = ChampionStore(store), world.change(ChangeAction.PROMOTED)
    made = FolderStore(tmp_path)
    champions.publish(world.published(made, "0", scale=1.0), change, replacing=champions.look())
    version, requests = 1, 1
    while version <= requests:  # the n-th change fails at its n-th request
        manifest, seen = world.published(made, str(version), scale=1.0), champions.look()
        wire.strike({version - 1: fault})
        champions.publish(manifest, change, replacing=seen)
        requests = len(wire.operations) - 1  # one of them was the retry
        wire.strike({})
        current = champions.read().manifest
        assert current is not None
        assert current.change is not None
        assert (current.version, current.change.number) == (str(version), version + 1)
        assert len(list(store.keys(CHAMPION_HISTORY_PREFIX))) == version + 1
        version += 1
    assert version > 3


@pytest.mark.usefixtures("account")
@each_fault
def test_a_training_is_started_once(fault: Fault, tmp_path: Path) -> None:
    data = FolderStore(tmp_path)
    data.write(citibike_key(2024), b"rows")
    states = client("stepfunctions")
    arn = states.create_state_machine(name="retrain", definition=MACHINE, roleArn=ROLE)["stateMachineArn"]
    wire = Wire(states)
    for number in range(4):  # lookup, running ones, start, lookup
        wire.strike({number: fault})
        request = SearchRequest(client_token=f"token-{number}", n_trials=3)
        training = Trainings(states, arn, data=data).start(request)
        wire.strike({})
        started = states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]
        assert [each["name"] for each in started] == [training.id]
        states.stop_execution(executionArn=started[0]["executionArn"])


@pytest.mark.usefixtures("account")
@each_fault
def test_the_console_starts_an_execution_once(fault: Fault) -> None:
    states = client("stepfunctions")
    arn = states.create_state_machine(name="ingest", definition=MACHINE, roleArn=ROLE)["stateMachineArn"]
    Wire(states).strike({0: fault})
    started = start_execution(states, arn, payload={"a": 1}, kind="ingest")
    found = states.list_executions(stateMachineArn=arn)["executions"]
    assert [each["executionArn"] for each in found] == [started]


@pytest.mark.parametrize(
    "answers",
    [
        (Fault.ANSWER_LOST, (400, "TaskTimedOut")),
        (Fault.NO_ANSWER, (200, "")),
        ((400, "ThrottlingException"), (500, "InternalError"), (200, "")),
    ],
)
def test_a_steps_result_arrives_also_if_its_answer_is_lost(answers: tuple[Any, ...]) -> None:
    states = client("stepfunctions")
    answering(states, *answers)
    TaskReply(states, "token").succeed({"version": "1"})


def test_a_persons_word_counts_though_its_answer_is_lost(cloud: Cloud) -> None:
    url = queue(cloud, "approvals", ask("train-1"))
    deploy_stack(cloud, "bikecast-training", {Output.APPROVAL_QUEUE_URL: url})
    answering(cloud.stepfunctions, Fault.ANSWER_LOST, (400, "TaskTimedOut"))
    assert answer(cloud, ApprovalAnswer.APPROVE, execution=None, reason="good")["decision"] == "approve"
    assert list_waiting(cloud) == []


def test_a_question_that_nobody_waits_for_is_asked_no_more(cloud: Cloud) -> None:
    url = queue(cloud, "approvals", ask("train-1"), ask("train-2"))
    deploy_stack(cloud, "bikecast-training", {Output.APPROVAL_QUEUE_URL: url})
    answering(cloud.stepfunctions, (400, "TaskTimedOut"))
    with pytest.raises(InputError, match="train-1 does not wait any more"):
        answer(cloud, ApprovalAnswer.APPROVE, execution="train-1", reason="good")
    assert [entry.execution for entry in list_waiting(cloud)] == ["train-2"]


@pytest.mark.usefixtures("account")
@each_fault
@pytest.mark.parametrize("requests", [1, 2], ids=["once", "also when tried again"])
def test_a_prediction_is_queued_or_handed_over(fault: Fault, requests: int) -> None:
    sqs = client("sqs", config=QUEUE_CONFIG)
    url = sqs.create_queue(QueueName="capture")["QueueUrl"]
    unsent: list[str] = []
    log = QueueLog(sqs, url, on_unsent=lambda body, *_: unsent.append(body), wait_s=10)
    Wire(sqs).strike(dict.fromkeys(range(requests), fault))
    log.record(lambda: [row(1)])
    log.send()
    queued = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    kept = [json.loads(body) for body in (*(message["Body"] for message in queued), *unsent)]
    # Twice is once: the row's id is the key of the table that it goes to.
    assert {each["id"] for rows in kept for each in rows} == {"r-1"}
    assert bool(unsent) == (requests == 2)


@each_fault
def test_no_dead_letter_is_lost_whichever_request_fails(
    cloud: Cloud, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redriving, "HIDE_S", 1)
    letters = {str(number) for number in range(3)}
    alive = queue(cloud, "alive")
    dead = queue(cloud, "dead", *letters)
    stacks_with(cloud, dead=dead, alive=alive, log_group="predict")
    wire = Wire(cloud.sqs)
    wire.strike(dict.fromkeys(range(0, 40, 3), fault))
    redrive(cloud, since=dt.datetime.now(dt.UTC))
    wire.strike({})
    assert set(bodies(cloud, alive)) == letters
    assert bodies(cloud, dead) == []

"""A worker runs what state machines wait for: bounded, with signs of life, with nothing left behind."""

import json
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from bikecast.errors import DeploymentError
from bikecast.names import Failure, Output, Step
from console.cloud.outputs import StackOutputs
from console.cloud.session import Cloud
from console.worker.messages import StepQueue, StepRequest
from console.worker.processes import INIT, Launcher
from console.worker.run import Worker, WorkerPorts, cause_of
from console.worker.service import build_worker, step_environment
from tests.deployment import eventually

GROUP = "job-logs"
SILENCE_S = 6
ANSWER = """
import json, os, signal, sys, time, boto3
client = boto3.client("stepfunctions")
told = json.loads(os.environ["STEP_INPUT"])
print("step", sys.argv[1], "began", flush=True)
if told.get("ends") == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if told.get("ends") == "never":
    time.sleep(600)
time.sleep(told.get("seconds", 0))
open(told["mark"], "a").write(f"{time.time()}\\n") if "mark" in told else None
client.send_task_success(taskToken=os.environ["TASK_TOKEN"], output=json.dumps({"step": sys.argv[1]}))
"""


@pytest.fixture
def endpoint(cloud: Cloud) -> Iterator[str]:
    """The account of ``cloud`` for processes: the same state, over HTTP."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


class World:
    """A queue of steps, a state machine that fills it, and workers on it."""

    def __init__(self, cloud: Cloud, endpoint: str) -> None:
        self.cloud, self.endpoint = cloud, endpoint
        attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "VisibilityTimeout": "60"}
        self.url = cloud.sqs.create_queue(QueueName="steps.fifo", Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]  # plain strings for literals
        cloud.logs.create_log_group(logGroupName=GROUP)
        self.said: list[tuple[str, str]] = []

    def _definition(self) -> dict[str, Any]:
        body = {"step": Step.MIGRATE, "task_token.$": "$$.Task.Token", "input.$": "$"}
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": self.url, "MessageGroupId.$": "States.UUID()", "MessageBody": body},
            "HeartbeatSeconds": SILENCE_S,
            "TimeoutSeconds": 60,
            "End": True,
        }
        return {"StartAt": "Step", "States": {"Step": state}}

    def begin(self, **told: object) -> str:
        """Start an execution whose one step is told this."""
        machine = self.cloud.stepfunctions.create_state_machine(
            name=f"machine-{uuid.uuid4().hex}",  # moto runs one execution of a machine at a time
            definition=json.dumps(self._definition()),
            roleArn="arn:aws:iam::123456789012:role/x",
        )["stateMachineArn"]
        started = self.cloud.stepfunctions.start_execution(stateMachineArn=machine, input=json.dumps(told))
        return started["executionArn"]

    def ended(self, arn: str) -> dict[str, Any] | None:
        """Return the execution if it has ended."""
        found = dict(self.cloud.stepfunctions.describe_execution(executionArn=arn))
        return None if found["status"] == "RUNNING" else found

    def worker(self, *, slots: int = 1, command: str = ANSWER) -> Worker:
        """Return a worker whose steps run a program of the test's."""
        ports = WorkerPorts(
            queue=StepQueue(self.cloud.sqs, self.url),
            states=self.cloud.stepfunctions,
            logs=self.cloud.logs,
            log_group=GROUP,
            launcher=Launcher(self._environment(), command=(sys.executable, "-c", command)),
        )
        return Worker(ports, slots=slots, heartbeat_s=0.5, say=self._say)

    def _environment(self) -> dict[str, str]:
        own = Cloud(self.cloud.target, self.cloud.session, self.endpoint)
        return step_environment(own, {})

    def _say(self, request: StepRequest, what: str) -> None:
        self.said.append((request.name, what))

    def turns(self, worker: Worker, until: Callable[[], Any], *, timeout_s: float = 40) -> Any:
        """Let the worker work until something is so."""

        def turn() -> Any:
            worker.turn()
            return until()

        return eventually(turn, timeout_s=timeout_s, every_s=0)

    def queued(self) -> int:
        """Return how many messages the queue holds, hidden ones included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.cloud.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)  # type: ignore[arg-type]  # plain strings for literals
        return sum(int(value) for value in found["Attributes"].values())


@pytest.fixture
def world(cloud: Cloud, endpoint: str) -> World:
    return World(cloud, endpoint)


def test_a_step_is_run_answered_and_logged(world: World) -> None:
    arn, worker = world.begin(), world.worker()
    ended = world.turns(worker, lambda: world.ended(arn) if not worker.running else None)
    assert json.loads(ended["output"]) == {"step": "migrate"}
    events = world.cloud.logs.filter_log_events(logGroupName=GROUP)["events"]
    assert [event["message"] for event in events] == ["step migrate began"]
    assert events[0]["logStreamName"].startswith("worker/migrate/")
    assert world.queued() == 0


def test_steps_beyond_the_slots_wait_and_are_kept_alive(world: World, tmp_path: Path) -> None:
    mark, worker = tmp_path / "mark", world.worker()
    arns = [world.begin(seconds=2, mark=str(mark)) for _ in range(3)]
    most = 0

    def all_ended() -> bool:
        nonlocal most
        most = max(most, len(worker.running))
        return all(world.ended(arn) for arn in arns)

    began = time.monotonic()
    world.turns(worker, all_ended)
    assert time.monotonic() - began > SILENCE_S  # the last one waited longer than a silent step may be
    assert [world.ended(arn)["status"] for arn in arns] == ["SUCCEEDED"] * 3  # type: ignore[index]  # an ended execution is there
    assert most == 1
    assert len(mark.read_text().splitlines()) == 3


def test_a_message_stays_hidden_while_its_step_runs_and_waits(world: World) -> None:
    world.cloud.sqs.set_queue_attributes(QueueUrl=world.url, Attributes={"VisibilityTimeout": "3"})
    worker = world.worker()
    arns = [world.begin(seconds=4) for _ in range(2)]
    world.turns(worker, lambda: all(world.ended(arn) for arn in arns) and not worker.running)
    assert [what for _, what in world.said].count("taken") == 2
    assert world.queued() == 0


def test_a_message_that_comes_again_starts_no_second_process(world: World) -> None:
    world.cloud.sqs.set_queue_attributes(QueueUrl=world.url, Attributes={"VisibilityTimeout": "1"})
    arn, worker = world.begin(seconds=4), world.worker()
    world.turns(worker, lambda: world.ended(arn) and not worker.running)
    assert [what for _, what in world.said].count("started") == 1
    assert world.queued() == 0


def test_a_killed_step_fails_at_once_by_our_own_name(world: World) -> None:
    arn, worker = world.begin(ends="killed"), world.worker()
    ended = world.turns(worker, lambda: world.ended(arn))
    assert ended["error"] == Failure.CONTAINER_LOST
    assert world.queued() == 0


def test_a_step_that_fails_before_it_can_answer_fails_at_once(world: World) -> None:
    arn, worker = world.begin(), world.worker(command="import no_such_module")
    ended = world.turns(worker, lambda: world.ended(arn))
    assert ended["error"] == Failure.CONTAINER_LOST


@pytest.mark.parametrize(
    ("code", "how"), [(137, "killed by signal 9"), (-9, "killed by signal 9"), (3, "ended with status 3")]
)
def test_the_cause_of_a_step_without_an_answer_says_how_it_ended(code: int, how: str) -> None:
    request = StepRequest((Step.MIGRATE,), SecretStr("token"), "{}", "migration", "receipt")
    cause = cause_of(request, code, last_line="out of memory")
    assert cause.startswith("migrate: its process on the worker")
    assert how in cause
    assert cause.endswith("its last line: out of memory")


def test_a_step_that_nobody_waits_for_is_not_started(world: World) -> None:
    arn, worker = world.begin(), world.worker()
    eventually(world.queued)
    world.cloud.stepfunctions.stop_execution(executionArn=arn)
    eventually(lambda: world.ended(arn))
    world.turns(worker, lambda: world.queued() == 0)
    assert (Step.MIGRATE, "started") not in world.said
    assert world.said[-1][1].startswith("expired")


def test_a_worker_that_stops_ends_its_steps_and_leaves_the_others_to_others(world: World) -> None:
    worker = world.worker()
    arns = [world.begin(ends="never") for _ in range(2)]
    world.turns(worker, lambda: worker.running and worker.waiting)
    children: list[psutil.Process] = []

    def has_started() -> bool:
        inits = [each for each in psutil.Process().children() if str(INIT) in each.cmdline()]
        children[:] = [*inits, *(child for each in inits for child in each.children(recursive=True))]
        return len(children) >= 2

    eventually(has_started)  # the step's own process comes a moment after its init
    worker.stop(grace_s=5)
    assert not [child for child in children if child.is_running() and child.status() != "zombie"]
    assert (worker.running, list(worker.waiting)) == ([], [])
    another = world.worker()
    world.turns(another, lambda: another.running)  # it takes the one that waited
    another.stop(grace_s=5)
    assert eventually(lambda: all(world.ended(arn) for arn in arns))


@pytest.mark.parametrize(
    "body", ["{", "[]", '{"step": "migrate"}', '{"step": "dance", "task_token": "t", "input": {}}']
)
def test_a_message_that_asks_for_no_step_is_left_to_the_dead_letters(body: str, world: World) -> None:
    world.cloud.sqs.send_message(QueueUrl=world.url, MessageBody=body, MessageGroupId="g")
    worker = world.worker()
    worker.turn()
    assert (worker.running, list(worker.waiting), world.queued()) == ([], [], 1)


def test_a_step_gets_the_deployments_settings_and_no_other_database(
    cloud: Cloud, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "another's")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://elsewhere:1")
    told = step_environment(Cloud(cloud.target, cloud.session, endpoint), {"DATA_BUCKET": "ours"})
    assert "DATABASE_PASSWORD" not in told
    assert (told["AWS_ENDPOINT_URL"], told["DATA_BUCKET"]) == (endpoint, "ours")


def test_stacks_that_run_their_steps_on_ecs_need_no_worker(cloud: Cloud) -> None:
    outputs = StackOutputs({Output.LOG_GROUPS: json.dumps({"job": GROUP})})
    with pytest.raises(DeploymentError, match="run their steps on ECS: deploy with `--containers worker`"):
        build_worker(cloud, outputs, slots=1, say=lambda *_: None)

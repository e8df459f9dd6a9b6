"""What runs while everything dies: a load, a training, a promotion, a run of the monitor."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from benchmarks.drills.state import State, ask, look
from bikecast.names import Bucket, decision_key
from bikecast.storage import S3Store
from tests.deployment import BIKECAST, PROJECT, Deployment

DAYS = ("--from", "2024-01-01", "--to", "2025-03-31")
CHANGED_MONTH, SHIFT = "2025-03", "demand_level:2025-03-01:1"
TRAINING = ("train", "--trials", "2", "--workers", "1", "--start", "2024-06-01")
WEEKS = ("--from", "2025-02-03", "--to", "2025-03-30", "--every", "1w", "--source", "processed", "--no-act")
MACHINE = "drill-promote"


class Operation(Protocol):
    """Something that changes the state from one to another, and may be repeated until it has."""

    name: str

    def prepare(self) -> State:
        """Return what holds once it is done; whatever it needs is ready."""
        ...

    def begin(self) -> None:
        """Start it and return at once."""
        ...

    def complete(self) -> None:
        """Run it to its end."""
        ...

    def end(self) -> None:
        """Kill what began it."""
        ...


@dataclass
class Command:
    """A command of the console beside this process."""

    cloud: Deployment
    child: "subprocess.Popen[bytes] | None" = None

    def begin(self, *arguments: str) -> None:
        """Start it."""
        quiet = subprocess.DEVNULL
        self.child = subprocess.Popen(
            [str(BIKECAST), *arguments], cwd=PROJECT, env=self.cloud.env, stdout=quiet, stderr=quiet
        )

    def end(self) -> None:
        """Kill it."""
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            self.child = None


@dataclass
class Load:
    """The same files with one month that differs, in turn."""

    cloud: Deployment
    folder: Path
    name: str = "load"
    _tables: list[dict[str, str]] = field(default_factory=list)
    _turn: "Iterator[int]" = field(default_factory=count)
    _command: Command | None = None
    _next: int = 0

    def __post_init__(self) -> None:
        """Load both once, and remember what the tables hold then."""
        self._command = Command(self.cloud)
        for index, more in enumerate(((), ("--shift", SHIFT))):
            self.cloud.bikecast("simulate", str(self._files(index)), *DAYS, *more)
            self.cloud.bikecast("load", str(self._files(index)))
            self._tables.append(look(self.cloud).tables)
        assert self._tables[0] != self._tables[1]

    def prepare(self) -> State:
        self._next = next(self._turn) % 2
        return replace(look(self.cloud), tables=self._tables[self._next])

    def begin(self) -> None:
        assert self._command is not None
        self._command.begin(*self._arguments())

    def complete(self) -> None:
        self.cloud.bikecast(*self._arguments())

    def end(self) -> None:
        assert self._command is not None
        self._command.end()

    def _arguments(self) -> tuple[str, ...]:
        return ("load", str(self._files(self._next)), "--months", CHANGED_MONTH)

    def _files(self, index: int) -> Path:
        return self.folder / f"files-{index}"


class Train:
    """A training whose challenger is as good as the champion, so that nothing changes."""

    name = "train"

    def __init__(self, cloud: Deployment) -> None:
        self._cloud, self._command = cloud, Command(cloud)

    def prepare(self) -> State:
        return look(self._cloud)

    def begin(self) -> None:
        self._command.begin(*TRAINING)

    def complete(self) -> None:
        self._cloud.bikecast(*TRAINING)

    def end(self) -> None:
        self._command.end()


class Drift:
    """Eight weeks judged anew, with their pages."""

    name = "drift"

    def __init__(self, cloud: Deployment) -> None:
        self._cloud, self._command = cloud, Command(cloud)
        self._clear()
        self.complete()
        self._windows = look(cloud).windows
        assert self._windows

    def prepare(self) -> State:
        self._clear()
        return replace(look(self._cloud), windows=self._windows)

    def begin(self) -> None:
        self._command.begin("drift", *WEEKS)

    def complete(self) -> None:
        self._cloud.bikecast("drift", *WEEKS)

    def end(self) -> None:
        self._command.end()

    def _clear(self) -> None:
        ask(self._cloud, "delete from monitoring.feature_drift returning 1")
        ask(self._cloud, "delete from monitoring.windows returning 1")


class Promote:
    """The step ``promote`` in its container, for two judged versions in turn."""

    name = "promote"

    def __init__(self, cloud: Deployment, executions: list[str]) -> None:
        self._cloud, self._states = cloud, cloud.client("stepfunctions")
        self._inputs = [self._input_of(arn) for arn in executions]
        self._job: dict[str, Any] = {}
        self._numbers = count(1)
        self._machine = self._make_machine()

    def prepare(self) -> State:
        """Write the record of a judgement of the version that does not serve."""
        before = look(self._cloud)
        payload = next(each for each in self._inputs if each["job"]["evaluate"]["version"] != before.champion)
        job, champion = payload["job"], self._cloud.champion()
        name = f"drill-promote-{next(self._numbers)}"
        self._copy_record(job["execution"], name)
        judged = {
            "decision": "promote",
            "champion_version": champion["version"],
            "champion_run_id": champion["run_id"],
        }
        approval = {"decision": "approve", "by": "drill", "reason": "drill"}
        changed = {"execution": name, "evaluate": job["evaluate"] | judged, "approval": approval}
        self._job = payload | {"job": job | changed}
        version = job["evaluate"]["version"]
        return replace(before, champion=version, alias=version)

    def begin(self) -> None:
        self._start()

    def complete(self) -> None:
        ended = self._cloud.finished(self._start(), timeout_s=300)
        assert ended["status"] == "SUCCEEDED", ended
        assert json.loads(ended["output"])["promote"]["decision"] == "promoted", ended["output"]

    def end(self) -> None:
        return None

    def _start(self) -> str:
        states = self._cloud.client("stepfunctions")
        started = states.start_execution(stateMachineArn=self._machine, input=json.dumps(self._job))
        return str(started["executionArn"])

    def _make_machine(self) -> str:
        arn = self._cloud.outputs["retrain_state_machine"]
        retrain = self._states.describe_state_machine(stateMachineArn=arn)
        definition = json.loads(retrain["definition"]) | {"StartAt": "Promote"}
        made = self._states.create_state_machine(
            name=MACHINE, definition=json.dumps(definition), roleArn=retrain["roleArn"]
        )
        return str(made["stateMachineArn"])

    def _input_of(self, arn: str) -> dict[str, Any]:
        history = self._states.get_execution_history(executionArn=arn, maxResults=1000)
        entered = (event.get("stateEnteredEventDetails") or {} for event in history["events"])
        return dict(next(json.loads(each["input"]) for each in entered if each.get("name") == "Promote"))

    def _copy_record(self, old: str, new: str) -> None:
        reports = S3Store(self._cloud.client("s3"), self._cloud.outputs["buckets"][Bucket.REPORTS])
        record = json.loads(reports.read(decision_key(old)).body)
        record |= {"execution": new, "decision": "pending"}
        reports.write(decision_key(new), json.dumps(record).encode())

"""What runs while everything dies: a load, a training, a promotion, a run of the monitor."""

import json
import subprocess
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from benchmarks.drills.standing import TRAINING, files
from benchmarks.drills.state import State, ask, look
from bikecast.names import Bucket, decision_key
from bikecast.storage import S3Store
from tests.deployment import BIKECAST, PROJECT, Deployment

CHANGED_MONTH = "2025-03"
WEEKS = ("--from", "2025-02-03", "--to", "2025-03-30", "--every", "1w", "--source", "processed", "--no-act")
MACHINE = "drill-promote"


class Operation(Protocol):
    """Something that changes the state from one to another, and may be repeated until it has.

    ``machines`` are state machines of its own; ``quick``: it is worth repeating after each kill.
    """

    name: str
    machines: tuple[str, ...]
    quick: bool

    def prepare(self) -> tuple[State, State]:
        """Return what holds now and what holds once it is done; whatever it needs is ready."""
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


class Command:
    """A command of the console that changes something."""

    machines: tuple[str, ...] = ()
    quick = True

    def __init__(self, cloud: Deployment) -> None:
        self._cloud = cloud
        self._child: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start it."""
        quiet = subprocess.DEVNULL
        self._child = subprocess.Popen(
            [str(BIKECAST), *self._arguments()], cwd=PROJECT, env=self._cloud.env, stdout=quiet, stderr=quiet
        )

    def complete(self) -> None:
        """Run it to its end."""
        self._cloud.bikecast(*self._arguments())

    def end(self) -> None:
        """Kill it."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def _arguments(self) -> tuple[str, ...]:
        raise NotImplementedError


class Load(Command):
    """The same files with one month that differs, in turn."""

    name = "load"

    def __init__(self, cloud: Deployment, folder: Path, tables: list[dict[str, str]]) -> None:
        super().__init__(cloud)
        self._folder, self._tables, self._next = folder, tables, 0
        assert tables[0] != tables[1]

    def prepare(self) -> tuple[State, State]:
        before = look(self._cloud)
        self._next = 1 - self._tables.index(before.tables)
        return before, replace(before, tables=self._tables[self._next])

    def _arguments(self) -> tuple[str, ...]:
        return ("load", str(files(self._folder, self._next)), "--months", CHANGED_MONTH)


class Train(Command):
    """A training whose challenger is as good as the champion, so that nothing changes."""

    name = "train"
    quick = False

    def prepare(self) -> tuple[State, State]:
        before = look(self._cloud)
        return before, before

    def _arguments(self) -> tuple[str, ...]:
        return TRAINING


class Drift(Command):
    """Eight weeks judged anew, with their pages."""

    name = "drift"

    def __init__(self, cloud: Deployment) -> None:
        super().__init__(cloud)
        self._clear()
        self.complete()
        self._windows = look(cloud).windows
        assert self._windows

    def prepare(self) -> tuple[State, State]:
        self._clear()
        before = look(self._cloud)
        return before, replace(before, windows=self._windows)

    def _arguments(self) -> tuple[str, ...]:
        return ("drift", *WEEKS)

    def _clear(self) -> None:
        ask(self._cloud, "delete from monitoring.feature_drift returning 1")
        ask(self._cloud, "delete from monitoring.windows returning 1")


class Promote:
    """The step ``promote`` in its container, for two judged versions in turn."""

    name = "promote"
    quick = True

    def __init__(self, cloud: Deployment, executions: list[str]) -> None:
        self._cloud, self._states = cloud, cloud.client("stepfunctions")
        self._inputs = [self._input_of(arn) for arn in executions]
        self._job: dict[str, Any] = {}
        self._numbers = count(1)
        self._machine = self._make_machine()
        self.machines: tuple[str, ...] = (self._machine,)

    def prepare(self) -> tuple[State, State]:
        """Write the record of a judgement of the version that does not serve."""
        before = look(self._cloud)
        payload = next(each for each in self._inputs if each["job"]["evaluate"]["version"] != before.champion)
        job, champion = payload["job"], self._cloud.champion()
        name = f"{MACHINE}-{next(self._numbers)}"
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
        return before, replace(before, champion=version, alias=version)

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

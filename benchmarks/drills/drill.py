"""One operation, killed with everything else at random moments."""

import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import ClassVar

from benchmarks.drills.clients import Client
from benchmarks.drills.killing import kill_everything
from benchmarks.drills.operations import Operation
from benchmarks.drills.state import State, look
from tests.deployment import Deployment, eventually

QUIET_LIMIT_S = 180


@dataclass
class Result:
    """What came of one kind of drill; ``problems`` are what must not be."""

    name: str
    seen: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    lost: int = 0
    problems: list[str] = field(default_factory=list)
    HEAD: ClassVar[str] = f"{'drill':10}{'before':>8}{'after':>8}{'between':>9}{'accepted':>10}{'lost':>6}"

    def line(self) -> str:
        """Return a line of the table."""
        counts = [self.seen[name] for name in ("before", "after", "between")]
        return f"{self.name:10}{counts[0]:>8}{counts[1]:>8}{counts[2]:>9}{self.accepted:>10}{self.lost:>6}"


def run(cloud: Deployment, operation: Operation, *, times: int, seed: int) -> Result:
    """Measure how long the operation takes, then kill everything so often at moments within that time."""
    result, chance = Result(operation.name), random.Random(f"{seed}-{operation.name}")
    begun_s = time.monotonic()
    operation.prepare()
    timed_s = time.monotonic()
    operation.complete()
    takes_s = time.monotonic() - timed_s
    client = Client(cloud)
    for turn in range(times):
        moment_s = chance.uniform(0.0, takes_s)
        try:
            seen = _once(cloud, operation, client, moment_s=moment_s, problems=result.problems)
        except AssertionError as err:
            seen = "between"
            result.problems.append(f"turn {turn + 1}, killed after {moment_s:.1f} s: {err}")
        result.seen[seen] += 1
        print(
            f"{operation.name} {turn + 1}: killed after {moment_s:.1f} of {takes_s:.1f} s: {seen}",
            file=sys.stderr,
            flush=True,
        )
    result.accepted, result.lost = len(client.accepted), client.lost(since_s=time.monotonic() - begun_s)
    return result


def _once(
    cloud: Deployment, operation: Operation, client: Client, *, moment_s: float, problems: list[str]
) -> str:
    before, after = look(cloud), operation.prepare()
    before = _with_cleared(before, cloud)
    client.start()
    operation.begin()
    time.sleep(moment_s)
    kill_everything(cloud)
    operation.end()
    client.stop()
    cloud.bikecast("up")
    found = look(cloud)
    seen = judge(found, before, after)
    if seen == "between":
        problems.append(f"killed after {moment_s:.1f} s: {_differences(found, before, after)}")
    _wait_until_quiet(cloud)
    operation.complete()
    completed = look(cloud)
    if completed != after or completed.broken:
        problems.append(f"repeated after {moment_s:.1f} s: {_differences(completed, after, after)}")
    return seen


def _with_cleared(before: State, cloud: Deployment) -> State:
    """What ``prepare`` did belongs to the state before."""
    return look(cloud) if before.windows else before


def judge(found: State, before: State, after: State) -> str:
    """Say whether a state is the one before, the one after, or neither.

    Each of the monitor's windows is a transaction of its own, so any of them may be there already.
    """
    if found.broken:
        return "between"
    windows = before.windows | after.windows
    if not (set(before.windows.items()) <= set(found.windows.items()) <= set(windows.items())):
        return "between"
    if _rest(found) == _rest(after) and found.windows == after.windows:
        return "after"
    if _rest(found) != _rest(before):
        return "between"
    return "before"


def _rest(state: State) -> tuple[object, ...]:
    return (state.tables, state.champion, state.alias)


def _differences(found: State, before: State, after: State) -> str:
    names = ("tables", "champion", "alias", "windows")
    told = [
        f"{name} {getattr(found, name)} (before {getattr(before, name)}, after {getattr(after, name)})"
        for name in names
        if getattr(found, name) not in (getattr(before, name), getattr(after, name))
    ]
    mixed = f"champion {found.champion}, alias {found.alias}"
    return "; ".join([*told, *found.broken]) or mixed


def _wait_until_quiet(cloud: Deployment) -> None:
    """Wait until no execution runs any more that began before the kill."""
    states = cloud.client("stepfunctions")
    machines = [arn for name, arn in cloud.outputs.items() if name.endswith("_state_machine")]

    def quiet() -> bool:
        running = [
            states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]
            for arn in machines
        ]
        return not any(running)

    eventually(quiet, timeout_s=QUIET_LIMIT_S, every_s=2)

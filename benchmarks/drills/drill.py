"""One operation, killed with everything else at random moments."""

import random
import sys
import time

from benchmarks.drills.clients import Client
from benchmarks.drills.killing import kill_everything
from benchmarks.drills.operations import Operation
from benchmarks.drills.results import Result
from benchmarks.drills.state import State, look
from tests.deployment import Deployment, eventually

QUIET_LIMIT_S = 300


def run(cloud: Deployment, operation: Operation, *, times: int, seed: int, minutes: float) -> Result:
    """Measure how long the operation takes, then kill everything so often at moments within that time.

    No turn begins once so many minutes have passed.
    """
    result, chance = Result(operation.name), random.Random(f"{seed}-{operation.name}")
    begun_s = time.monotonic()
    takes_s = _timed(operation)
    client = Client(cloud)
    for turn in range(times):
        if time.monotonic() - begun_s > 60 * minutes:
            break
        moment_s = chance.uniform(0.0, takes_s)
        last = turn == times - 1
        try:
            _once(cloud, operation, client, result, moment_s=moment_s, repeat=operation.quick or last)
        except AssertionError as err:
            result.seen["between"] += 1
            result.problems.append(f"turn {turn + 1}, killed after {moment_s:.1f} s: {err}")
        told = f"{turn + 1}: killed after {moment_s:.1f} of {takes_s:.1f} s: {dict(result.seen)}"
        print(f"{operation.name} {told}, {client.sent} sent", file=sys.stderr, flush=True)
    result.count(client)
    result.seconds = time.monotonic() - begun_s
    return result


def _timed(operation: Operation) -> float:
    operation.prepare()
    begun_s = time.monotonic()
    operation.complete()
    return time.monotonic() - begun_s


def _once(
    cloud: Deployment,
    operation: Operation,
    client: Client,
    result: Result,
    *,
    moment_s: float,
    repeat: bool,
) -> None:
    before, after = operation.prepare()
    client.start()
    operation.begin()
    time.sleep(moment_s)
    kill_everything(cloud)
    operation.end()
    client.stop()
    cloud.bikecast("up")
    result.at_once[judge(look(cloud), before, after)] += 1
    _wait_until_quiet(cloud, operation)
    found = look(cloud)
    seen = judge(found, before, after)
    result.seen[seen] += 1
    if seen == "between":
        result.problems.append(f"killed after {moment_s:.1f} s: {_differences(found, before, after)}")
    if repeat:
        operation.complete()
        completed = look(cloud)
        if completed != after or completed.broken:
            told = _differences(completed, after, after)
            result.problems.append(f"repeated after {moment_s:.1f} s: {told}")


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


def _wait_until_quiet(cloud: Deployment, operation: Operation) -> None:
    """Wait until no execution runs any more that began before the kill."""
    states = cloud.client("stepfunctions")
    machines = [arn for name, arn in cloud.outputs.items() if name.endswith("_state_machine")]

    def quiet() -> bool:
        running = [
            states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]
            for arn in (*machines, *operation.machines)
        ]
        return not any(running)

    eventually(quiet, timeout_s=QUIET_LIMIT_S, every_s=1)

"""The executions of our state machines, newest first."""

import datetime as dt
from collections.abc import Iterator
from itertools import islice
from typing import Any

from bikecast.errors import InputError
from bikecast.names import Output
from bikecast.requests import use_case_of
from console.cloud.outputs import read_stack_outputs
from console.cloud.session import Cloud
from console.executions.executions import RUNNING, Execution, outline_of, read_execution
from console.executions.histories import as_instant
from console.settings import use_case

MACHINES = {
    "train": Output.RETRAIN_STATE_MACHINE_ARN,
    "ingest": Output.INGEST_STATE_MACHINE_ARN,
    "monitor": Output.MONITOR_STATE_MACHINE_ARN,
    "operate": Output.OPERATE_STATE_MACHINE_ARN,
}
STOPPED = "Stopped"


def list_runs(cloud: Cloud, *, limit: int, kind: str | None = None) -> list[dict[str, Any]]:
    """Return the newest executions of all machines, or of one kind.

    Raises:
        InputError: There is no such kind.
    """
    if kind is not None and kind not in MACHINES:
        raise InputError(f"there is no kind {kind!r}; there are {', '.join(MACHINES)}")
    outputs = read_stack_outputs(cloud.cloudformation)
    rows: list[dict[str, Any]] = []
    for name, output in MACHINES.items():
        machine = outputs.get(output)
        if machine and kind in (None, name):
            rows += islice(_machine_runs(cloud, machine, kind=name), limit)
    return sorted(rows, key=lambda row: str(row["started"]), reverse=True)[:limit]


def list_running(cloud: Cloud) -> list[str]:
    """Return the names of the executions of all machines that are under way."""
    outputs = read_stack_outputs(cloud.cloudformation)
    pages = cloud.stepfunctions.get_paginator("list_executions")
    found = [
        pages.paginate(stateMachineArn=machine, statusFilter=RUNNING)
        for output in MACHINES.values()
        if (machine := outputs.get(output))
    ]
    return [item["name"] for machine in found for page in machine for item in page["executions"]]


def _machine_runs(cloud: Cloud, machine: str, *, kind: str) -> Iterator[dict[str, Any]]:
    for page in cloud.stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=machine):
        for item in page["executions"]:
            started = as_instant(item["startDate"])
            stopped = as_instant(item["stopDate"]) if item.get("stopDate") else None
            yield {
                "kind": kind,
                # Only the monitor has a machine of its own for each use case.
                "use_case": use_case() if kind == "monitor" else _use_case_asked(cloud, item["executionArn"]),
                "name": item["name"],
                "status": item["status"],
                "started": started.isoformat(timespec="seconds"),
                "seconds": round(((stopped or dt.datetime.now(dt.UTC)) - started).total_seconds(), 1),
                "execution": item["executionArn"],
            }


def _use_case_asked(cloud: Cloud, execution: str) -> str:
    return use_case_of(cloud.stepfunctions.describe_execution(executionArn=execution).get("input"))


def find_run(cloud: Cloud, name: str) -> Execution:
    """Return one execution by its name or ARN.

    Raises:
        InputError: None of our machines ran it.
    """
    outputs = read_stack_outputs(cloud.cloudformation)
    machines = [machine for output in MACHINES.values() if (machine := outputs.get(output))]
    wanted = name.rsplit(":", 1)[-1]
    for machine in machines:
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{wanted}"
        if _exists(cloud, arn):
            return read_execution(cloud.stepfunctions, arn, outline=outline_of(cloud.stepfunctions, machine))
    raise InputError(f"no execution is named {wanted!r}: `bikecast runs` lists them")


def stop_run(cloud: Cloud, name: str, *, reason: str) -> dict[str, Any]:
    """End one execution that is under way; it counts as aborted, with the reason as its cause.

    Raises:
        InputError: None of our machines ran it, or it has ended already.
    """
    found = find_run(cloud, name)
    if found.status != RUNNING:
        raise InputError(f"{found.name} is not running any more: it ended {found.status}")
    cloud.stepfunctions.stop_execution(executionArn=found.arn, error=STOPPED, cause=reason)
    return {"execution": found.arn, "name": found.name, "error": STOPPED, "reason": reason}


def _exists(cloud: Cloud, arn: str) -> bool:
    try:
        cloud.stepfunctions.describe_execution(executionArn=arn)
    except cloud.stepfunctions.exceptions.ExecutionDoesNotExist:
        return False
    return True

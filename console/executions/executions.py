"""Starting state machine executions and following them to their end."""

import datetime as dt
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from console.errors import ExecutionError
from console.executions.histories import Outline, StateRun, as_instant, read_history, read_outline

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

RUNNING: Final = "RUNNING"
SUCCEEDED = "SUCCEEDED"
POLL_S = 0.5


@dataclass(frozen=True)
class Execution:
    """One execution as it stands; ``output`` is parsed, instants are aware UTC."""

    arn: str
    name: str
    status: str
    started_at: dt.datetime
    stopped_at: dt.datetime | None
    output: Any
    error: str | None
    cause: str | None
    states: tuple[StateRun, ...]

    @property
    def seconds(self) -> float:
        """How long it ran, or has been running."""
        return ((self.stopped_at or dt.datetime.now(dt.UTC)) - self.started_at).total_seconds()

    def describe(self) -> dict[str, Any]:
        """Return it as one JSON object."""
        return {
            "execution": self.arn,
            "name": self.name,
            "status": self.status,
            "started_at": self.started_at.isoformat(),
            "stopped_at": self.stopped_at.isoformat() if self.stopped_at else None,
            "seconds": round(self.seconds, 1),
            "error": self.error,
            "cause": self.cause,
            "states": [describe_state(run) for run in self.states],
            "output": self.output,
        }


def describe_state(run: StateRun) -> dict[str, Any]:
    """Return one state's run as a JSON object."""
    seconds = (run.exited_at - run.entered_at).total_seconds() if run.exited_at else None
    return {
        "state": run.name,
        "seconds": seconds,
        "items": run.items,
        "items_done": run.items_done if run.items is not None else None,
        "error": run.error,
        "cause": run.cause,
    }


def execution_name(kind: str) -> str:
    """Return a fresh name that sorts by time, such as ``train-20250401T083000-1f3a``."""
    return f"{kind}-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"


def start_execution(client: "SFNClient", machine_arn: str, *, payload: Mapping[str, Any], kind: str) -> str:
    """Start an execution and return its ARN."""
    started = client.start_execution(
        stateMachineArn=machine_arn, name=execution_name(kind), input=json.dumps(payload)
    )
    return started["executionArn"]


def outline_of(client: "SFNClient", machine_arn: str) -> Outline:
    """Return what the machine's definition says of its top level."""
    return read_outline(client.describe_state_machine(stateMachineArn=machine_arn)["definition"])


def read_execution(client: "SFNClient", arn: str, *, outline: Outline) -> Execution:
    """Return the execution as it stands now."""
    facts = client.describe_execution(executionArn=arn)
    pages = client.get_paginator("get_execution_history").paginate(
        executionArn=arn, PaginationConfig={"PageSize": 1000}
    )
    events = [event for page in pages for event in page["events"]]
    finished = facts["status"] != RUNNING
    stopped_at = facts.get("stopDate") if finished else None
    return Execution(
        arn=arn,
        name=facts["name"],
        status=facts["status"],
        started_at=as_instant(facts["startDate"]),
        stopped_at=as_instant(stopped_at) if stopped_at else None,
        output=json.loads(facts.get("output") or "null") if finished else None,
        error=facts.get("error"),
        cause=facts.get("cause"),
        states=read_history(events, outline),
    )


def follow(
    client: "SFNClient", arn: str, *, on_change: Callable[[Execution], None], poll_s: float = POLL_S
) -> Execution:
    """Report the execution again and again until it has ended, and return its end."""
    outline = outline_of(client, client.describe_execution(executionArn=arn)["stateMachineArn"])
    while True:
        execution = read_execution(client, arn, outline=outline)
        on_change(execution)
        if execution.status != RUNNING:
            return execution
        time.sleep(poll_s)


def require_success(execution: Execution) -> Execution:
    """Return the execution if it succeeded.

    Raises:
        ExecutionError: It failed, timed out or was aborted; the message names the state and the cause.
    """
    if execution.status == SUCCEEDED:
        return execution
    failed = next((run for run in reversed(execution.states) if run.error), None)
    where = f" in state {failed.name}" if failed else ""
    error = readable_cause(execution.error, execution.cause)
    raise ExecutionError(
        f"execution {execution.name} ended {execution.status}{where}: {error}", arn=execution.arn
    )


def readable_cause(error: str | None, cause: str | None) -> str:
    """Join an error and its cause; a Lambda's cause is JSON whose ``errorMessage`` says it all."""
    text = cause or ""
    try:
        parsed = json.loads(text)
        text = parsed.get("errorMessage", text) if isinstance(parsed, dict) else text
    except ValueError:
        pass
    return ": ".join(part for part in (error, text) if part) or "no cause was given"

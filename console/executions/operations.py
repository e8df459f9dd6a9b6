"""Jobs inside the network, where the database is: one container step each, by the operate state machine."""

from collections.abc import Mapping
from typing import Any

from bikecast.names import DEFAULT_USE_CASE, Output
from console.cloud.outputs import read_stack_outputs
from console.cloud.session import Cloud
from console.executions.executions import start_execution
from console.executions.following import watch
from console.settings import use_case


def operate(cloud: Cloud, step: str, *, payload: Mapping[str, Any]) -> Any:
    """Run one step of the container for the chosen use case and return its result.

    Raises:
        ExecutionError: The step failed; the message has its cause.
    """
    machine = read_stack_outputs(cloud.cloudformation).require(Output.OPERATE_STATE_MACHINE_ARN)
    chosen = use_case()
    given = dict(payload) if chosen == DEFAULT_USE_CASE else {**payload, "use_case": chosen}
    arn = start_execution(cloud.stepfunctions, machine, payload={"step": step, "input": given}, kind=step)
    return watch(cloud, arn, title=step).output

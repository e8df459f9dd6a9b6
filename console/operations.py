"""Jobs inside the network, where the database is: one container step each, by the operate state machine."""

from collections.abc import Mapping
from typing import Any

from bikecast.names import Output
from console.cloud import Cloud
from console.executions import start_execution
from console.outputs import read_stack_outputs
from console.watching import watch


def operate(cloud: Cloud, step: str, *, payload: Mapping[str, Any]) -> Any:
    """Run one step of the container and return its result.

    Raises:
        ExecutionError: The step failed; the message has its cause.
    """
    machine = read_stack_outputs(cloud.cloudformation).require(Output.OPERATE_STATE_MACHINE_ARN)
    arn = start_execution(
        cloud.stepfunctions, machine, payload={"step": step, "input": dict(payload)}, kind=step
    )
    return watch(cloud, arn, title=step).output

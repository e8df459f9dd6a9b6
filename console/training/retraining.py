"""Starting the retrain state machine, and reading its decision."""

from collections.abc import Mapping
from typing import Any

from bikecast.names import Output
from console.cloud.outputs import read_stack_outputs
from console.cloud.session import Cloud
from console.executions.executions import Execution, start_execution
from console.executions.following import watch
from console.training.checks import require_trainable


def start_training(cloud: Cloud, request: Mapping[str, Any]) -> str:
    """Start a retraining and return the execution's ARN.

    What is sent is what was given: the machine has the defaults, and checks for any other caller too.

    Raises:
        InputError: A value is out of range, or the days are not loaded; nothing was started.
        DataError: No data was loaded yet.
    """
    require_trainable(cloud, request)
    machine = read_stack_outputs(cloud.cloudformation).require(Output.RETRAIN_STATE_MACHINE_ARN)
    return start_execution(cloud.stepfunctions, machine, payload=request, kind="train")


def watch_training(cloud: Cloud, arn: str) -> Execution:
    """Follow a retraining to its end.

    Raises:
        ExecutionError: The execution did not succeed; a rejected model is not a failure.
    """
    return watch(cloud, arn, title="training")


def summary(execution: Execution) -> dict[str, Any]:
    """Return what a person wants to know of a finished training."""
    output = execution.output if isinstance(execution.output, dict) else {}
    verdict, train = output.get("evaluate") or {}, output.get("train") or {}
    return {
        "name": execution.name,
        "status": execution.status,
        "decision": verdict.get("decision"),
        "reason": verdict.get("reason"),
        "version": verdict.get("version") or train.get("version"),  # older executions have it there
        "trials": train.get("n_trials_done"),
        "stopped early": train.get("n_pruned"),
        "failed and tried again": train.get("n_retried"),
        "seconds": round(execution.seconds, 1),
    }

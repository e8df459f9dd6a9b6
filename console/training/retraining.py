"""Following the retrain state machine, and reading its decision."""

from typing import Any

from console.cloud.session import Cloud
from console.executions.executions import Execution
from console.executions.following import watch


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

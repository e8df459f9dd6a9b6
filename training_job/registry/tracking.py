"""Runs and versions in MLflow, straight through its Postgres store; no server is needed.

Importing this module imports MLflow, which takes seconds: only the steps that register do so.
"""

import logging
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
# In a log file each step of a bar is a line, and the job's own lines drown.
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# Its records go the way of all others, as lines of JSON.
os.environ.setdefault("MLFLOW_CONFIGURE_LOGGING", "false")

import mlflow
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from mlflow.utils.logging_utils import disable_logging
from optuna.trial import FrozenTrial, TrialState

from bikecast.database import sqlalchemy_url
from bikecast.names import EXPERIMENT_NAME, Schema
from training_job.migrations import first_alone
from training_job.registry.protocol import RegistryContext

logger = logging.getLogger(__name__)

TAKEN = "RESOURCE_ALREADY_EXISTS"
EXECUTION_TAG = "bikecast.execution"
TRIAL_TAG = "bikecast.trial"
PARENT_TAG = "mlflow.parentRunId"
RUN_STATUS = {TrialState.COMPLETE: "FINISHED", TrialState.PRUNED: "KILLED", TrialState.FAIL: "FAILED"}


def open_client(context: RegistryContext) -> MlflowClient:
    """Point MLflow at the database; the address holds the password and stays in this process."""
    # What it prints beside its records would break the log's lines.
    disable_logging()  # type: ignore[no-untyped-call]  # MLflow ships no types
    mlflow.set_tracking_uri(sqlalchemy_url(context.database, schema=Schema.MLFLOW))
    with first_alone(context.database, Schema.MLFLOW, version=mlflow.__version__):
        return MlflowClient()


def open_run(
    client: MlflowClient, context: RegistryContext, *, execution: str, tags: Mapping[str, str]
) -> str:
    """Return the execution's run; an execution that is taken up again goes on with its own."""
    experiment = experiment_of(client, context)
    found = client.search_runs([experiment], f"tags.`{EXECUTION_TAG}` = '{execution}'", max_results=1)
    if found:
        run_id: str = found[0].info.run_id
        client.update_run(run_id, status="RUNNING")
        return run_id
    run = client.create_run(experiment, run_name=execution, tags={EXECUTION_TAG: execution, **tags})
    return str(run.info.run_id)


def experiment_of(client: MlflowClient, context: RegistryContext) -> str:
    """Return the experiment of all runs; a new one if there is none, restored if somebody deleted it."""
    found = client.get_experiment_by_name(EXPERIMENT_NAME)
    if found is not None:
        return restored_experiment(client, str(found.experiment_id))
    location = context.artifacts.uri("runs")
    try:
        return str(client.create_experiment(EXPERIMENT_NAME, artifact_location=location))
    except MlflowException as err:
        if err.error_code != TAKEN:
            raise
        return experiment_of(client, context)  # another training made it in the meantime


def restored_experiment(client: MlflowClient, experiment: str) -> str:
    """Return the experiment, restored if somebody deleted it."""
    if client.get_experiment(experiment).lifecycle_stage == "deleted":
        logger.warning("a deleted experiment is restored", extra={"experiment": experiment})
        client.restore_experiment(experiment)
    return experiment


def log_trials(client: MlflowClient, run_id: str, trials: list[FrozenTrial]) -> None:
    """Log every finished trial that is not there yet as a nested run."""
    experiment = client.get_run(run_id).info.experiment_id
    nested = client.search_runs([experiment], f"tags.`{PARENT_TAG}` = '{run_id}'", max_results=10_000)
    logged = {run.data.tags.get(TRIAL_TAG) for run in nested}
    for trial in trials:
        if trial.state.is_finished() and str(trial.number) not in logged:
            _log_trial(client, experiment, run_id, trial)


def _log_trial(client: MlflowClient, experiment: str, run_id: str, trial: FrozenTrial) -> None:
    started, ended = trial.datetime_start, trial.datetime_complete
    run = client.create_run(
        experiment,
        start_time=None if started is None else int(started.timestamp() * 1000),
        tags={PARENT_TAG: run_id, TRIAL_TAG: str(trial.number), "state": trial.state.name.lower()},
        run_name=f"trial {trial.number}",
    )
    stamp = int(ended.timestamp() * 1000) if ended else 0
    steps = [Metric("rmse_so_far", value, stamp, step) for step, value in trial.intermediate_values.items()]
    final = [] if trial.value is None else [Metric("cv_rmse", trial.value, stamp, 0)]
    params = [Param(name, str(value)) for name, value in trial.params.items()]
    client.log_batch(run.info.run_id, metrics=steps + final, params=params)
    client.set_terminated(run.info.run_id, status=RUN_STATUS[trial.state], end_time=stamp or None)


def log_nested(
    client: MlflowClient, run_id: str, *, name: str, params: Mapping[str, Any], metrics: Mapping[str, float]
) -> None:
    """Log one comparison as a nested run; repeated, it is logged again."""
    experiment = client.get_run(run_id).info.experiment_id
    run = client.create_run(experiment, run_name=name, tags={PARENT_TAG: run_id, "kind": "comparison"})
    log_numbers(client, run.info.run_id, metrics=metrics, params=params)
    client.set_terminated(run.info.run_id)


def log_numbers(
    client: MlflowClient,
    run_id: str,
    *,
    metrics: Mapping[str, float],
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Log numbers in one call, under the time of now: a step that is repeated may log others."""
    stamp = millis()
    client.log_batch(
        run_id,
        metrics=[Metric(name, float(value), stamp, 0) for name, value in metrics.items()],
        params=[Param(name, str(value)) for name, value in (params or {}).items()],
        tags=[RunTag(name, value) for name, value in (tags or {}).items()],
    )


def millis() -> int:
    """Return the time of now as MLflow stamps it."""
    return time.time_ns() // 1_000_000


def write_file(client: MlflowClient, run_id: str, *, name: str, body: bytes) -> None:
    """Log bytes as a file of the run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(body)
        client.log_artifact(run_id, str(path))

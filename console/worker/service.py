"""A worker as a service: put together for a cloud, run until a person or the system ends it."""

import json
import logging
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from bikecast.errors import DeploymentError
from bikecast.names import Output, Step, TaskVariable, Variable
from console import ui
from console.cloud.outputs import StackOutputs, parse_log_groups, read_stack_outputs
from console.cloud.processes import run_logged
from console.cloud.session import Cloud, local_settings
from console.worker.messages import StepQueue
from console.worker.processes import GRACE_S, Launcher
from console.worker.run import Say, Worker, WorkerPorts

AGAIN_S = 5.0
JOB = "job"
# What would lead a step to another database than the deployment's.
FOREIGN = "DATABASE_"
# A step's variables that are outputs of the stacks; `Output.WORKER_ENVIRONMENT` has the others.
FROM_OUTPUTS = {
    Variable.DATA_BUCKET: Output.DATA_BUCKET,
    Variable.ARTIFACTS_BUCKET: Output.ARTIFACTS_BUCKET,
    Variable.SERVING_BUCKET: Output.SERVING_BUCKET,
    Variable.REPORTS_BUCKET: Output.REPORTS_BUCKET,
    Variable.DATABASE_HOST: Output.DATABASE_HOST,
    Variable.DATABASE_PORT: Output.DATABASE_PORT,
    Variable.DATABASE_NAME: Output.DATABASE_NAME,
    Variable.DATABASE_USER: Output.DATABASE_USER,
    Variable.DATABASE_SECRET_ARN: Output.DATABASE_SECRET_ARN,
}


class Ending:
    """Whether somebody asked the worker to end; asked again, it ends at once."""

    def __init__(self) -> None:
        self.is_asked = False

    def __call__(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - of a handler
        """Remember it."""
        if self.is_asked:
            raise KeyboardInterrupt
        self.is_asked = True
        ui.note("ending: steps that run get half a minute to say so; again to end at once")


@contextmanager
def ending_on_signals() -> Iterator[Ending]:
    """Turn Ctrl-C and SIGTERM into a wish."""
    ending = Ending()
    previous = {number: signal.signal(number, ending) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ending
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def run_worker(cloud: Cloud, *, slots: int, say: Say) -> None:
    """Run steps until Ctrl-C or SIGTERM.

    Raises:
        DeploymentError: The stacks run their steps on ECS.
        CommandError: The database cannot be reached or migrated.
    """
    # It warns of each refused sign of life; the worker says itself what comes of it.
    logging.getLogger("training_job.runtime.answers").setLevel(logging.ERROR)
    outputs = read_stack_outputs(cloud.cloudformation)
    worker = build_worker(cloud, outputs, slots=slots, say=say)
    migrate(worker.launcher)
    ui.note(f"waiting for steps, {slots} at a time; Ctrl-C ends")
    with ending_on_signals() as ending:
        try:
            while not ending.is_asked:
                _turn(worker)
        finally:
            worker.stop(grace_s=GRACE_S)


def migrate(launcher: Launcher) -> None:
    """Migrate the database, which also proves that this machine reaches it.

    Raises:
        CommandError: The database cannot be reached or migrated.
    """
    command = [*launcher.command, Step.MIGRATE.value]
    log_path = local_settings().log_dir / "worker-migrate.log"
    with ui.activity("migrating the database"), TemporaryDirectory() as folder:
        run_logged(
            command,
            log_path=log_path,
            cwd=Path(folder),
            environment=launcher.environment,
            on_line=lambda _: None,
        )


def _turn(worker: Worker) -> None:
    """Take a turn; a cloud that does not answer now is asked again later."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        worker.turn()
    except (BotoCoreError, ClientError) as err:
        if isinstance(err, ClientError) and "NonExistentQueue" in err.response["Error"]["Code"]:
            raise DeploymentError("the queue of steps does not exist any more: deploy again") from err
        ui.note(f"the cloud refused or did not answer, asking again in {AGAIN_S:g} s: {err}")
        time.sleep(AGAIN_S)


def build_worker(cloud: Cloud, outputs: StackOutputs, *, slots: int, say: Say) -> Worker:
    """Put a worker together for what is deployed.

    Raises:
        DeploymentError: The stacks run their steps on ECS.
    """
    url, environment = outputs.get(Output.WORKER_QUEUE_URL), outputs.get(Output.WORKER_ENVIRONMENT)
    if url is None or environment is None:
        raise DeploymentError(
            "these stacks run their steps on ECS: deploy with `--containers worker` for steps on a worker"
        )
    found = {variable.value: outputs.require(output) for variable, output in FROM_OUTPUTS.items()}
    secrets = outputs.get(Output.DATABASE_ROLE_SECRETS)  # none where roles log in by token
    found |= {Variable.DATABASE_ROLE_SECRETS.value: secrets} if secrets else {}
    settings: dict[str, str] = found | json.loads(environment)
    groups = parse_log_groups(outputs.require(Output.LOG_GROUPS))
    ports = WorkerPorts(
        queue=StepQueue(cloud.sqs, url),
        states=cloud.stepfunctions,
        logs=cloud.logs,
        log_group=groups[JOB],
        launcher=Launcher(step_environment(cloud, settings)),
    )
    return Worker(ports, slots=slots, heartbeat_s=float(settings[TaskVariable.HEARTBEAT_S]), say=say)


def step_environment(cloud: Cloud, settings: dict[str, str]) -> dict[str, str]:
    """Return a step's variables: this machine's, the way to the cloud, and the job's settings."""
    from console.deployment.cdk import emulator_connection

    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    if cloud.endpoint_url is not None:
        own = emulator_connection(cloud, cloud.endpoint_url).child_environment(own)
    return {**own, "MPLBACKEND": "Agg", **settings}

"""Bringing the stacks to a target: Lambda bundles, bootstrap, deploy, by the CDK's own command line."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bikecast.errors import DeploymentError, InputError
from bikecast.names import DEFAULT_USE_CASE, Containers, Output, Step, Target, stack_name
from console import ui
from console.cloud.environment import program, search_path
from console.cloud.localstack import require_localstack
from console.cloud.outputs import read_stack_outputs, read_stacks
from console.cloud.processes import run_logged
from console.cloud.session import Cloud, find_cloud, local_settings
from console.deployment.templates import kept_templates
from console.executions.operations import operate
from console.settings import CLONE, environment, use_case
from console.use_cases import use_case_names
from layers.base_images import BASE_IMAGES

if TYPE_CHECKING:
    from local_cloud.connection import Connection

TOOLKIT_STACK = "CDKToolkit"
# "bikecast-storage |  3/12 | 12:00:00 AM | CREATE_COMPLETE | AWS::S3::Bucket | Data (Data1234)"
STACK_EVENT = re.compile(r"^(?P<stack>bikecast-[\w-]+) \|\s*(?P<done>\d+)(/(?P<all>\d+))? \|")
STACK_DONE = re.compile(r"✅\s+(?P<stack>bikecast-[\w-]+)(?P<unchanged> \(no changes\))?")


@dataclass(frozen=True)
class _Step:
    """One program of a deployment; ``detail`` says what it does before it says so itself."""

    title: str
    command: tuple[str, ...]
    detail: str = ""
    folder: Path = CLONE

    def run(self, environment: dict[str, str]) -> None:
        log_path = local_settings().log_dir / f"{self.title.lower().replace(' ', '-')}.log"
        with ui.activity(self.title) as current:
            progress = _StackProgress(current, detail=self.detail)
            run_logged(
                self.command,
                log_path=log_path,
                cwd=self.folder,
                environment=environment,
                on_line=progress,
            )


@dataclass(frozen=True)
class Choices:
    """What a deployment chooses beside its target; what is not chosen is the stacks' default.

    Attributes:
        containers: What runs the job's steps.
        database: Address of a PostgreSQL that is there already, without its password.
        database_secret: Name of the secret that holds the password.
        notify: Addresses that hear of alarms, separated by commas.
        domain: The API's domain.
        certificate: ARN of its certificate.
        traces: Address of a collector of traces.
    """

    containers: Containers | None = None
    database: str | None = None
    database_secret: str | None = None
    notify: str | None = None
    domain: str | None = None
    certificate: str | None = None
    traces: str | None = None

    def context(self) -> list[str]:
        """Return them as the CDK's command line takes them."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return [part for name, value in given.items() if value for part in ("-c", f"{name}={value}")]


def deploy(target: Target, choices: Choices = Choices(), *, agree: Callable[[], bool] | None = None) -> None:
    """Build the bundles, deploy every stack and migrate; repeated, it changes what changed.

    Args:
        target: Where to.
        choices: What is not the stacks' default.
        agree: Asked on AWS after the changes are shown; without it they are made unseen.
    Raises:
        DeploymentError: The target cannot be reached, or what is deployed was chosen and is not named again.
        InputError: The changes were not agreed to; nothing was deployed.
        CommandError: A step failed; the log file has its whole output.
    """
    cloud, cdk = find_cloud(target), cdk_program(target)
    if target is Target.LOCALSTACK:
        require_localstack(cloud)
    require_choice(cloud, choices)
    if target is Target.AWS and choices.containers is not Containers.WORKER:
        require_digests()
    variables = cdk_environment(cloud)
    build = (sys.executable, "-m", "layers.build", "--target", bundle_of(target))
    _Step("Lambda bundles", build, detail="installing what changed").run(variables)
    if not is_bootstrapped(cloud):
        # Away from cdk.json: bootstrapping needs no templates, and writing them takes its time.
        bootstrap = (cdk, "bootstrap", environment_of(cloud))
        _Step("cdk bootstrap", bootstrap, folder=local_settings().root).run(variables)
    flags = ("--all", "--require-approval", "never", "--progress", "events")
    context = (*stacks_context(cloud), *choices.context())
    if target is Target.AWS and agree is not None:
        show_changes(cdk, context, variables)
        if not agree():
            raise InputError("the changes were not agreed to: nothing was deployed")
    command = (cdk, "deploy", *flags, *context)
    with _templates(cloud, context) as options:
        _Step("cdk deploy", (*command, *options), detail="writing the templates").run(variables)
    _migrate(find_cloud(target))


def _templates(cloud: Cloud, context: tuple[str, ...]) -> AbstractContextManager[tuple[str, ...]]:
    """Return where the templates come from: elsewhere than here they are written for every deployment."""
    if cloud.target is not Target.EMBEDDED:
        return nullcontext(())
    return kept_templates(CLONE, environment_of(cloud), *context)


def require_choice(cloud: Cloud, choices: Choices) -> None:
    """Make sure that a deployment without a choice does not replace a worker by ECS and another database.

    Raises:
        DeploymentError: A worker runs the steps, and the choice is not named again.
    """
    if choices.containers is None and read_stack_outputs(cloud.cloudformation).get(Output.WORKER_QUEUE_URL):
        raise DeploymentError(
            "these stacks run their steps on a worker: name `--containers` again, and `--database` if there "
            "is one (BIKECAST_CONTAINERS and BIKECAST_DATABASE keep them)"
        )


def require_digests() -> None:
    """Make sure that what is built for AWS starts from images that nobody can replace.

    Raises:
        DeploymentError: A base image has no digest.
    """
    tags = [image.name for image in BASE_IMAGES.values() if image.digest is None]
    if tags:
        raise DeploymentError(
            f"the images start from tags, which may stand for something else tomorrow: {', '.join(tags)}; "
            "`make image-digests` looks their digests up (it needs the network), then commit what it wrote"
        )


def _migrate(cloud: Cloud) -> None:
    """Migrate the database: functions log in under roles that only a migrated one has."""
    if read_stack_outputs(cloud.cloudformation).get(Output.WORKER_QUEUE_URL):
        ui.note("start a worker with `bikecast worker`: it migrates the database, and runs the steps")
        return
    operate(cloud, Step.MIGRATE, payload={})


def stacks_context(cloud: Cloud) -> tuple[str, ...]:
    """Return the options that tell the CDK's command line which stacks are meant."""
    chosen = {
        "target": cloud.target.value,
        "env": environment(),
        "use_cases": ",".join(deployed_use_cases(cloud)),
    }
    return tuple(part for key, value in chosen.items() for part in ("-c", f"{key}={value}"))


def show_changes(cdk: str, context: tuple[str, ...], variables: dict[str, str]) -> None:
    """Let CloudFormation compute the change sets of all stacks and show them on stderr.

    Raises:
        DeploymentError: They could not be computed.
    """
    command = (cdk, "diff", "--all", "--method", "change-set", *context)
    if subprocess.run(command, cwd=CLONE, env=variables, stdout=sys.stderr, check=False).returncode:
        raise DeploymentError("the changes could not be computed; what CloudFormation said is above")


def deployed_use_cases(cloud: Cloud) -> list[str]:
    """Return the use cases to deploy: the default one, those that are deployed, and the chosen one."""
    stacks = {stack.name for stack in read_stacks(cloud.cloudformation)}
    wanted = {DEFAULT_USE_CASE, use_case()}
    return sorted(
        name
        for name in use_case_names()
        if name in wanted or stack_name("serving", name, environment=environment()) in stacks
    )


def bundle_of(target: Target) -> str:
    """Return which Lambda bundles a target runs; LocalStack runs AWS's."""
    return Target.EMBEDDED if target is Target.EMBEDDED else Target.AWS


def environment_of(cloud: Cloud) -> str:
    """Return the account and region to deploy to, the way the CDK writes them."""
    return f"aws://{account_of(cloud)}/{cloud.session.region_name}"


def account_of(cloud: Cloud) -> str:
    """Return the account that the credentials belong to."""
    sts = cloud.session.client("sts", endpoint_url=cloud.endpoint_url)
    return sts.get_caller_identity()["Account"]


def is_bootstrapped(cloud: Cloud) -> bool:
    """Tell whether the CDK's own stack stands in this account and region."""
    from botocore.exceptions import ClientError

    try:
        [stack] = cloud.cloudformation.describe_stacks(StackName=TOOLKIT_STACK)["Stacks"]
    except ClientError as err:
        if err.response["Error"]["Code"] == "ValidationError":
            return False
        raise
    return stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def cdk_program(target: Target) -> str:
    """Return the path of the CDK's command line: its LocalStack wrapper for emulators, the plain one on AWS.

    Raises:
        DeploymentError: The npm tools are not installed.
    """
    name = "cdk" if target is Target.AWS else "cdklocal"
    path = CLONE / "node_modules" / ".bin" / name
    if not path.exists():
        raise DeploymentError(f"{name} is not installed in node_modules: run `make setup`")
    return str(path)


def cdk_environment(cloud: Cloud) -> dict[str, str]:
    """Return the environment of the CDK's command line: our Node first, and an emulator's address and login.

    The emulator's variables are made from the session that boto3 uses, so that both talk to the same cloud.
    """
    environment = dict(os.environ) | {
        "PATH": search_path(),
        "JSII_NODE": str(program("node")),
        "CI": "true",
        "NO_COLOR": "1",
        "DO_NOT_TRACK": "1",
    }
    if cloud.endpoint_url is None:
        return environment
    return emulator_connection(cloud, cloud.endpoint_url).child_environment(environment)


def emulator_connection(cloud: Cloud, endpoint_url: str) -> "Connection":
    """Return how a program that is not Python reaches the emulator of a session."""
    from local_cloud.connection import Connection

    credentials = cloud.session.get_credentials()
    assert credentials is not None  # find_cloud gives every emulator's session a login
    return Connection(
        endpoint_url=endpoint_url,
        access_key_id=credentials.access_key,
        secret_access_key=SecretStr(credentials.secret_key),
        region=cloud.session.region_name,
        account_id=account_of(cloud),
    )


class _StackProgress:
    """Turns the CDK's event lines into progress: one line for each finished stack."""

    def __init__(self, activity: ui.Activity, *, detail: str) -> None:
        self._activity = activity
        self._detail = detail
        self._finished: set[str] = set()

    def __call__(self, line: str) -> None:
        finished = STACK_DONE.search(line)
        if finished and finished["stack"] not in self._finished:
            self._finished.add(finished["stack"])
            self._activity.step(finished["stack"] + (finished["unchanged"] or ""))
        event = STACK_EVENT.match(line)
        if event:
            self._detail = f"{event['stack']}: {_progress(int(event['done']), event['all'])}"
        self._activity.update(self._detail)


def _progress(done: int, of_all: str | None) -> str:
    """Say how many resources are done; an update counts more events than it has resources."""
    return f"{done} of {of_all} resources" if of_all and done <= int(of_all) else f"{done} events"

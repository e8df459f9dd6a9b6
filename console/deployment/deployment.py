"""Bringing the stacks to a target: Lambda bundles, bootstrap, deploy, migration."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields

from bikecast.errors import DeploymentError, InputError
from bikecast.names import DEFAULT_USE_CASE, Containers, Output, Step, Target, stack_name
from console import ui
from console.cloud.localstack import require_localstack
from console.cloud.outputs import read_stack_outputs, read_stacks
from console.cloud.session import Cloud, find_cloud, local_settings
from console.deployment.cdk import (
    CdkStep,
    cdk_environment,
    cdk_program,
    environment_of,
    is_bootstrapped,
)
from console.deployment.templates import kept_templates
from console.executions.operations import operate
from console.settings import CLONE, environment, use_case
from console.use_cases import use_case_names
from layers.base_images import BASE_IMAGES


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
    CdkStep("Lambda bundles", build, detail="installing what changed").run(variables)
    if not is_bootstrapped(cloud):
        # Away from cdk.json: bootstrapping needs no templates, and writing them takes its time.
        bootstrap = (cdk, "bootstrap", environment_of(cloud))
        CdkStep("cdk bootstrap", bootstrap, folder=local_settings().root).run(variables)
    flags = ("--all", "--require-approval", "never", "--progress", "events")
    context = (*stacks_context(cloud), *choices.context())
    if target is Target.AWS and agree is not None:
        show_changes(cdk, context, variables)
        if not agree():
            raise InputError("the changes were not agreed to: nothing was deployed")
    command = (cdk, "deploy", *flags, *context)
    with _templates(cloud, context) as options:
        CdkStep("cdk deploy", (*command, *options), detail="writing the templates").run(variables)
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

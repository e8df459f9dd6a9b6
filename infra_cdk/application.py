"""The stacks of one target: those that all use cases share, and two for each use case.

Where the database is there already, there is no network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import aws_cdk as cdk

from bikecast import discovery
from bikecast.names import DEFAULT_ENVIRONMENT, DEFAULT_USE_CASE, Target, is_environment
from infra_cdk.environments import BY_NAME, Environment
from infra_cdk.settings import InfraSettings, TargetError, settings_for
from infra_cdk.stacks.database import DatabaseStack
from infra_cdk.stacks.delivery import DeliveryStack
from infra_cdk.stacks.monitoring import MonitoringStack
from infra_cdk.stacks.network import NetworkStack
from infra_cdk.stacks.serving import ServingStack
from infra_cdk.stacks.storage import StorageStack
from infra_cdk.stacks.training import TrainingStack

# Who gets a role to be deployed by the workflows; `-c delivery=owner/name` makes the roles' stack instead.
DELIVERED = ("staging", "prod")
# Behaviours of the construct library that are right but off by default.
FLAGS = {
    "@aws-cdk/aws-apigateway:requestValidatorUniqueId": True,
    "@aws-cdk/aws-ecs:reduceEc2FargateCloudWatchPermissions": True,
    "@aws-cdk/aws-iam:minimizePolicies": True,
    "@aws-cdk/aws-lambda:recognizeLayerVersion": True,
    "@aws-cdk/aws-lambda:useCdkManagedLogGroup": True,
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,
    "@aws-cdk/aws-stepfunctions-tasks:fixRunEcsTaskPolicy": True,
    "@aws-cdk/core:checkSecretUsage": True,
    # A stack refuses to drop what another one uses.
    "@aws-cdk/core:defaultCrossStackReferences": "strong",
    "@aws-cdk/core:enablePartitionLiterals": True,
    "@aws-cdk/core:explicitStackTags": True,
}


def new_app(*, outdir: str | None = None, context: Mapping[str, object] | None = None) -> cdk.App:
    """Return an app with our flags and more context; the command line's context comes on top."""
    return cdk.App(context={**FLAGS, **(context or {})}, outdir=outdir, analytics_reporting=False)


def add_stacks(
    app: cdk.App, *, settings: InfraSettings, use_cases: Sequence[str] = (DEFAULT_USE_CASE,)
) -> None:
    """Wire the stacks; each gets what it needs from those before it."""
    storage = StorageStack(app, settings=settings)
    network = None if settings.database else NetworkStack(app, settings=settings)
    database = DatabaseStack(app, settings=settings, network=network)
    training = TrainingStack(app, settings=settings, storage=storage, database=database)
    for use_case in use_cases:
        serving = ServingStack(
            app,
            use_case=use_case,
            settings=settings,
            storage=storage,
            database=database,
            training=training,
        )
        MonitoringStack(
            app,
            use_case=use_case,
            settings=settings,
            storage=storage,
            database=database,
            training=training,
            serving=serving,
        )


def from_command_line(app: cdk.App) -> None:
    """Wire the stacks that ``-c target=... -c env=... -c use_cases=a,b`` name.

    ``-c notify=``, ``-c domain=``, ``-c certificate=`` and ``-c traces=`` give an environment other addresses
    for this once.

    Raises:
        TargetError: No target is named, or something unknown, the parts do not fit together, or the
            environment is impossible.
    """
    given = app.node.try_get_context
    if repository := given("delivery"):
        DeliveryStack(app, repository=str(repository), environments=DELIVERED)
        return
    settings = settings_for(
        given("target"),
        containers=given("containers"),
        database=given("database"),
        secret=given("database_secret"),
    )
    context = {key: given(key) for key in ("env", "notify", "domain", "certificate", "traces")}
    settings = replace(settings, environment=environment_of(context, target=settings.target))
    add_stacks(app, settings=settings, use_cases=_use_cases(given("use_cases")))


def environment_of(context: Mapping[str, object], *, target: Target) -> Environment:
    """Return the environment that a command line names, with the addresses that it gives.

    Raises:
        TargetError: None is named for AWS, where there is no default, its name is malformed, it has a
            domain without a certificate, or its traces go to no address.
    """
    name = str(context.get("env") or "")
    if not name and target is Target.AWS:
        raise TargetError("name an environment for AWS: -c env=... (dev, staging, prod or another word)")
    name = name or DEFAULT_ENVIRONMENT
    if not is_environment(name):
        raise TargetError(
            f"an environment's name is one word of at most 16 lower-case letters and digits, and no stack's "
            f"name such as storage, but got {name!r}"
        )
    chosen = _with_addresses(BY_NAME.get(name, Environment(name=name)), context)
    if chosen.domain and not chosen.certificate_arn:
        raise TargetError(f"domain {chosen.domain} needs a certificate: -c certificate=ARN")
    if chosen.traces and not chosen.traces.startswith(("http://", "https://")):
        raise TargetError(f"-c traces={chosen.traces}: give a collector's address, http://... or https://...")
    return chosen


def _with_addresses(environment: Environment, context: Mapping[str, object]) -> Environment:
    notify = tuple(each.strip() for each in str(context.get("notify") or "").split(",") if each.strip())
    return replace(
        environment,
        notify=notify or environment.notify,
        domain=str(context.get("domain") or "") or environment.domain,
        certificate_arn=str(context.get("certificate") or "") or environment.certificate_arn,
        traces=str(context.get("traces") or "") or environment.traces,
    )


def _use_cases(named: object) -> tuple[str, ...]:
    """Return the use cases to deploy, each once, in the order in which they are named."""
    chosen = tuple(dict.fromkeys(str(named or DEFAULT_USE_CASE).replace(" ", "").split(",")))
    known = discovery.names()
    if unknown := [name for name in chosen if name not in known]:
        raise TargetError(f"unknown use case {', '.join(unknown)}: choose from {', '.join(known)}")
    return chosen

"""The six stacks of one target."""

from collections.abc import Mapping

import aws_cdk as cdk

from infra_cdk.settings import InfraSettings, settings_for
from infra_cdk.stacks.database import DatabaseStack
from infra_cdk.stacks.monitoring import MonitoringStack
from infra_cdk.stacks.network import NetworkStack
from infra_cdk.stacks.serving import ServingStack
from infra_cdk.stacks.storage import StorageStack
from infra_cdk.stacks.training import TrainingStack

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


def add_stacks(app: cdk.App, *, settings: InfraSettings) -> None:
    """Wire the six stacks; each gets what it needs from those before it."""
    storage = StorageStack(app, settings=settings)
    network = NetworkStack(app, settings=settings)
    database = DatabaseStack(app, settings=settings, network=network)
    training = TrainingStack(app, settings=settings, storage=storage, network=network, database=database)
    serving = ServingStack(
        app, settings=settings, storage=storage, network=network, database=database, training=training
    )
    MonitoringStack(
        app,
        settings=settings,
        storage=storage,
        network=network,
        database=database,
        training=training,
        serving=serving,
    )


def from_command_line(app: cdk.App) -> None:
    """Wire the stacks of the target that ``-c target=...`` names.

    Raises:
        TargetError: No target is named, or an unknown one.
    """
    add_stacks(app, settings=settings_for(app.node.try_get_context("target")))

"""Finding the cloud to talk to: the clone's own embedded one, or the target that was named."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bikecast.errors import InputError
from bikecast.names import Target
from console import ui
from console.errors import NoCloudError
from console.settings import CLONE, ConsoleSettings, console_settings

if TYPE_CHECKING:
    from pathlib import Path

    import boto3
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

    from local_cloud.connection import Connection
    from local_cloud.settings import LocalCloudSettings


@dataclass(frozen=True)
class Cloud:
    """One target with the credentials to use it; clients are made when first asked for.

    ``endpoint_url`` is where an emulator listens; ``None`` on AWS. ``https_url`` is the same over TLS, if it
    was asked for, and ``ca_file`` the certificate to trust there.
    """

    target: Target
    session: "boto3.Session"
    endpoint_url: str | None = None
    https_url: str | None = None
    ca_file: "Path | None" = None

    @cached_property
    def s3(self) -> "S3Client":
        """Object storage; emulators want the bucket in the path."""
        from botocore.config import Config

        style = Config(s3={"addressing_style": "path"}) if self.endpoint_url else None
        return self.session.client("s3", endpoint_url=self.endpoint_url, config=style)

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        """The stacks and their outputs."""
        return self.session.client("cloudformation", endpoint_url=self.endpoint_url)

    @cached_property
    def apigateway(self) -> "APIGatewayClient":
        """The API key's value."""
        return self.session.client("apigateway", endpoint_url=self.endpoint_url)

    @cached_property
    def stepfunctions(self) -> "SFNClient":
        """Executions and their histories."""
        return self.session.client("stepfunctions", endpoint_url=self.endpoint_url)

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        """Log groups of functions and tasks."""
        return self.session.client("logs", endpoint_url=self.endpoint_url)

    @cached_property
    def sqs(self) -> "SQSClient":
        """The capture queue and its dead letters."""
        return self.session.client("sqs", endpoint_url=self.endpoint_url)


def start_cloud(*, https: bool | None = None) -> "Connection":
    """Start the clone's embedded cloud, or what of it does not run, with progress on stderr.

    ``https`` opens or closes the API's TLS port; ``None`` leaves it as it was.
    """
    from local_cloud.supervisor import start

    settings = local_settings()
    if https is not None:
        settings = settings.model_copy(update={"https": https})
    with ui.activity("embedded cloud") as current:
        return start(settings, say=current.step)


def find_cloud(target: Target | None = None) -> Cloud:
    """Return the cloud to use: ``target``, else ``BIKECAST_TARGET``, else the one that runs in this clone.

    Raises:
        NoCloudError: None was named and none runs here.
        InputError: It is AWS, and no environment was named.
    """
    settings = console_settings()
    chosen = target or settings.target or Target.EMBEDDED
    if chosen is Target.EMBEDDED:
        return _embedded(running_connection())
    if chosen is Target.LOCALSTACK:
        return _localstack(settings)
    if not settings.env:
        raise InputError("AWS has no default environment: name one with --env NAME or BIKECAST_ENV")
    return _aws(settings)


def local_settings() -> "LocalCloudSettings":
    """Return the embedded cloud's settings; its state folder is the clone's, wherever one types."""
    from local_cloud.remembered import recall
    from local_cloud.settings import LocalCloudSettings

    settings = LocalCloudSettings()
    return recall(settings.model_copy(update={"state_dir": CLONE / settings.state_dir}))


def running_connection() -> "Connection | None":
    """Return how to reach the clone's embedded cloud, or ``None`` if it does not run or answer."""
    from local_cloud.supervisor import running

    return running(local_settings())


def _embedded(connection: "Connection | None") -> Cloud:
    if connection is None:
        raise NoCloudError(
            "no embedded cloud runs in this clone: start it with `bikecast up` "
            "(or everything with `make demo`), or name another target, for example `--target aws`"
        )
    import boto3

    session = boto3.Session(
        aws_access_key_id=connection.access_key_id,
        aws_secret_access_key=connection.secret_access_key.get_secret_value(),
        region_name=connection.region,
    )
    return Cloud(Target.EMBEDDED, session, connection.endpoint_url, connection.https_url, connection.ca_file)


def _localstack(settings: ConsoleSettings) -> Cloud:
    import boto3

    session = boto3.Session(
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - what LocalStack expects
        region_name=settings.region,
    )
    return Cloud(Target.LOCALSTACK, session, settings.endpoint_url)


def _aws(settings: ConsoleSettings) -> Cloud:
    import boto3

    session = boto3.Session()
    if session.region_name is None:
        session = boto3.Session(region_name=settings.region)
    return Cloud(Target.AWS, session)

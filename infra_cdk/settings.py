"""Everything that differs between targets, each field with its reason; nothing else may differ."""

from dataclasses import dataclass, replace
from pathlib import Path

from bikecast.names import Containers, Target, Variable
from infra_cdk.environments import DEFAULT, Environment
from infra_cdk.outside import OutsideDatabase, parse_database

ROOT = Path(__file__).resolve().parent.parent


class TargetError(ValueError):
    """The command line names no target, or something that does not exist or fit."""


@dataclass(frozen=True, kw_only=True)
class InfraSettings:
    """One target's answers, and what the command line chose beside it: ``containers`` and ``database``.

    Attributes:
        target: Where the stacks go.
        bundles: Folder of the layer zips; the embedded cloud runs functions on the project's own
            interpreter, so its wheels are built for that one and not for AWS's runtime.
        cli_credentials: Deploy with the caller's own credentials. The embedded cloud enforces IAM, and
            bootstrap's deploy roles cannot read the asset bucket there.
        keep_data: Buckets, database and keys outlive their stack and the database refuses deletion.
            An emulator's data is thrown away with it.
        require_tls: Buckets, queues and topics refuse plain HTTP; emulators answer over plain HTTP on
            loopback, and the embedded cloud, which enforces policies, would refuse everything.
        database_by_token: Functions log in to Postgres with a short-lived IAM token; emulators have no
            IAM login, so functions read the secret there.
        database_sslmode: On AWS the server's certificate is checked against RDS's authorities and its name;
            emulated databases listen on loopback and speak no TLS.
        flow_logs: Log what the network accepts and rejects; the embedded cloud has no flow logs.
        spot_tuning: Tuning on spare capacity, which may be taken away and is retried; the embedded
            cloud has no capacity providers.
        snap_start: Start the predictor from a snapshot; emulators start a process anyway.
        xray: Let AWS's services record their own parts of a call in X-Ray; emulators have no X-Ray.
        schedules: Start the monitor and retraining by the clock; on a laptop nothing starts by itself.
        tuning_concurrency: Tuning workers at a time; a laptop has few cores, Fargate has many.
        heartbeat_s: Silence after which a container counts as dead; shorter where it is watched by a person.
        heartbeat_interval_s: How often a container says that it lives, several times per ``heartbeat_s``.
        api_rate_per_s: Steady requests per second that the usage plan lets through; bounds cost on AWS,
            out of the way of load tests on an emulator.
        api_burst: Requests that may come at once.
        redelivery_s: How long a message that could not be stored waits for its next try: on AWS six times
            the function's timeout, as its manual advises; on a laptop somebody waits for it.
        containers: What runs the job's steps: ECS, or a worker on any machine.
        database: A PostgreSQL that is there already, or ``None`` for an RDS instance of our own.
        environment: Which of several sets of stacks; the same on every target.
    """

    target: Target
    bundles: Path
    cli_credentials: bool
    keep_data: bool
    require_tls: bool
    database_by_token: bool
    database_sslmode: str
    flow_logs: bool
    spot_tuning: bool
    snap_start: bool
    xray: bool
    schedules: bool
    tuning_concurrency: int
    heartbeat_s: int
    heartbeat_interval_s: int
    api_rate_per_s: int
    api_burst: int
    redelivery_s: int
    containers: Containers = Containers.ECS
    database: OutsideDatabase | None = None
    environment: Environment = DEFAULT

    def tracing(self, service: str) -> dict[str, str]:
        """Return the environment of a process that exports its spans; empty where none does."""
        if self.environment.traces is None:
            return {}
        place = f"deployment.environment.name={self.environment.name}"
        return {
            Variable.OTLP_ENDPOINT: self.environment.traces,
            "OTEL_SERVICE_NAME": service,
            "OTEL_RESOURCE_ATTRIBUTES": place,
        }

    @property
    def judge_as_step(self) -> bool:
        """Whether the monitor judges in a step: on LocalStack's free plan no function is an image."""
        return self.target is Target.LOCALSTACK and self.containers is Containers.WORKER


EMBEDDED = InfraSettings(
    target=Target.EMBEDDED,
    bundles=ROOT / ".build/embedded",
    cli_credentials=True,
    keep_data=False,
    require_tls=False,
    database_by_token=False,
    database_sslmode="disable",
    flow_logs=False,
    spot_tuning=False,
    snap_start=False,
    xray=False,
    schedules=False,
    tuning_concurrency=2,
    heartbeat_s=30,
    heartbeat_interval_s=5,
    api_rate_per_s=2_000,
    api_burst=2_000,
    redelivery_s=30,
)

# As the embedded cloud, but with AWS's bundles (layers/build.py says why) and CDK's own roles.
LOCALSTACK = replace(EMBEDDED, target=Target.LOCALSTACK, bundles=ROOT / ".build/aws", cli_credentials=False)

AWS = InfraSettings(
    target=Target.AWS,
    bundles=ROOT / ".build/aws",
    cli_credentials=False,
    keep_data=True,
    require_tls=True,
    database_by_token=True,
    database_sslmode="verify-full",
    flow_logs=True,
    spot_tuning=True,
    snap_start=True,
    xray=True,
    schedules=True,
    tuning_concurrency=40,
    heartbeat_s=60,
    heartbeat_interval_s=10,
    api_rate_per_s=50,
    api_burst=100,
    redelivery_s=180,
)

BY_TARGET = {settings.target: settings for settings in (EMBEDDED, LOCALSTACK, AWS)}


def settings_for(
    target: object, *, containers: object = None, database: object = None, secret: object = None
) -> InfraSettings:
    """Return the settings of a target, and of what else the command line names.

    Args:
        target: Where to; there is no default on purpose.
        containers: ``ecs``, or ``worker``.
        database: Address of a PostgreSQL that is there already.
        secret: Name of the secret that holds its password.

    Raises:
        TargetError: No target is named, or something unknown, or the parts do not fit together.
    """
    settings = _of_target(target)
    try:
        way = Containers(str(containers or Containers.ECS))
    except ValueError as err:
        choices = ", ".join(Containers)
        raise TargetError(f"unknown containers {containers!r}: choose one of {choices}") from err
    try:
        place = parse_database(database, secret=secret, sslmode=settings.database_sslmode)
    except ValueError as err:
        raise TargetError(f"-c database=...: {err}") from err
    if way is not Containers.WORKER and place is not None:
        raise TargetError(
            "-c database=... needs -c containers=worker: containers on ECS use an RDS beside them"
        )
    if way is Containers.WORKER and settings.target is Target.LOCALSTACK and place is None:
        raise TargetError(
            "containers=worker is for LocalStack's free plan, which has no RDS: name a PostgreSQL by "
            "-c database=postgresql://user@host:5432/name (docs/localstack.md)"
        )
    return replace(settings, containers=way, database=place)


def _of_target(target: object) -> InfraSettings:
    choices = ", ".join(BY_TARGET)
    if target is None:
        raise TargetError(f"name a target: -c target=... (one of {choices}); there is no default")
    try:
        return BY_TARGET[Target(str(target))]
    except ValueError as err:
        raise TargetError(f"unknown target {target!r}: choose one of {choices}") from err

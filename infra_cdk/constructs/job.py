"""The training container as steps of state machines: started by ECS, answered by a task token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from bikecast.names import Step, TaskVariable
from infra_cdk.constructs.logs import ExpiringLogGroup
from infra_cdk.constructs.review import suppress_nag
from infra_cdk.settings import InfraSettings

CONTAINER = "job"
# ECS had no capacity or was busy, or the database is restarting: the next try may succeed.
TRANSIENT = (
    "ECS.AmazonECSException",
    "ECS.ServerException",
    "ECS.ThrottlingException",
    "ECS.ClientException",
    "OperationalError",
)
# The container was stopped (spot capacity taken back) or died without a word.
LOST = ("Stopped", sfn.Errors.HEARTBEAT_TIMEOUT)
# LocalStack's name for a missing heartbeat; elsewhere a step that ran over its limit, which resumes once.
OVERDUE = (sfn.Errors.TIMEOUT,)


@dataclass(frozen=True)
class JobSize:
    """What one container gets; Fargate allows certain pairs only."""

    cpu_units: int = 2048
    memory_mb: int = 8192


class Job(Construct):
    """The task definition that every step runs.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent.
        cluster: Where it runs.
        image: The training image.
        security_group: No ingress; egress to AWS, data publishers and the database.
        environment: What the container's settings read.
        secrets: What ECS fetches from Secrets Manager when a task starts.
        settings: The target.
        size: Processor and memory.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ecs.ICluster,
        image: ecs.ContainerImage,
        security_group: ec2.ISecurityGroup,
        environment: Mapping[str, str],
        secrets: Mapping[str, ecs.Secret],
        settings: InfraSettings,
        size: JobSize = JobSize(),
    ) -> None:
        super().__init__(scope, construct_id)
        self.cluster, self.security_group, self.settings = cluster, security_group, settings
        self.log_group = ExpiringLogGroup(self, "Logs")
        self.task = _task(self, size)
        self.container = self.task.add_container(
            CONTAINER,
            container_name=CONTAINER,
            image=image,
            environment=dict(environment),
            secrets=dict(secrets),
            logging=ecs.LogDrivers.aws_logs(stream_prefix=CONTAINER, log_group=self.log_group),
            stop_timeout=cdk.Duration.seconds(30),
        )
        self.task.task_role.add_to_principal_policy(ANSWERS)
        suppress_nag(self.task, {"AwsSolutions-IAM5[Resource::*]": WILDCARDS})
        suppress_nag(
            self.task,
            {"AwsSolutions-ECS2": "Only names and addresses are plain; the password is an ECS secret."},
        )


def _task(scope: Construct, size: JobSize) -> ecs.FargateTaskDefinition:
    platform = ecs.RuntimePlatform(
        cpu_architecture=ecs.CpuArchitecture.X86_64, operating_system_family=ecs.OperatingSystemFamily.LINUX
    )
    return ecs.FargateTaskDefinition(
        scope, "Task", cpu=size.cpu_units, memory_limit_mib=size.memory_mb, runtime_platform=platform
    )


# AWS documents no resource level for these three; who holds a task's token may answer that task and no other.
ANSWERS = iam.PolicyStatement(
    actions=["states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"], resources=["*"]
)

WILDCARDS = "A task's answer and the login to ECR have no resource level."


class JobStep(tasks.EcsRunTask):
    """One container step that waits for the container's own answer.

    A step that dies silently is noticed by its missing heartbeat. Only transient errors are retried.

    Args:
        scope: Parent construct.
        construct_id: Name of the state.
        job: What to run.
        step: Command of the container.
        input_path: Part of the state that the step gets as its input.
        result_path: Where the step's result goes.
        timeout: End of the longest run.
        on_spot: Run on spot capacity where the target has it.
        retry_lost: Start again when the container was lost; only for steps that resume.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        job: Job,
        step: Step,
        input_path: str,
        result_path: str,
        timeout: cdk.Duration,
        on_spot: bool = False,
        retry_lost: bool = False,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
            cluster=job.cluster,
            task_definition=job.task,
            launch_target=_launch(on_spot and job.settings.spot_tuning),
            security_groups=[job.security_group],
            subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            assign_public_ip=True,
            container_overrides=[_override(job, step=step, input_path=input_path)],
            heartbeat_timeout=sfn.Timeout.duration(cdk.Duration.seconds(job.settings.heartbeat_s)),
            task_timeout=sfn.Timeout.duration(timeout),
            result_path=result_path,
        )
        self._retry(TRANSIENT, attempts=4, interval_s=5)
        if retry_lost:
            self._retry(LOST, attempts=3, interval_s=2)
            self._retry(OVERDUE, attempts=1, interval_s=2)

    def _retry(self, errors: Sequence[str], *, attempts: int, interval_s: int) -> None:
        self.add_retry(
            errors=list(errors),
            max_attempts=attempts,
            interval=cdk.Duration.seconds(interval_s),
            backoff_rate=2,
            max_delay=cdk.Duration.minutes(2),
            jitter_strategy=sfn.JitterType.FULL,
        )


class RefreshDashboard(JobStep):
    """Write anew what the dashboard shows; leaves the state's data as they were.

    Args:
        scope: Parent construct.
        construct_id: Name of the state.
        job: What to run.
    """

    def __init__(self, scope: Construct, construct_id: str, *, job: Job) -> None:
        super().__init__(
            scope,
            construct_id,
            job=job,
            step=Step.REFRESH_DASHBOARD,
            input_path="$",
            result_path=sfn.JsonPath.DISCARD,
            timeout=cdk.Duration.minutes(10),
        )

    def continue_with(self, following: sfn.State) -> Self:
        """Go on, whether it worked or not: a page that lags behind must not undo what it would show."""
        self.add_catch(following, result_path=sfn.JsonPath.DISCARD)
        self.next(following)
        return self


def _launch(spot: bool) -> tasks.EcsFargateLaunchTarget:
    capacity = None
    if spot:
        strategy = ecs.CapacityProviderStrategy(capacity_provider="FARGATE_SPOT", weight=1)
        capacity = tasks.CapacityProviderOptions.custom(capacity_provider_strategy=[strategy])
    return tasks.EcsFargateLaunchTarget(
        platform_version=ecs.FargatePlatformVersion.LATEST, capacity_provider_options=capacity
    )


def _override(job: Job, *, step: Step, input_path: str) -> tasks.ContainerOverride:
    variables = {
        TaskVariable.TOKEN: sfn.JsonPath.task_token,
        TaskVariable.INPUT: sfn.JsonPath.json_to_string(sfn.JsonPath.object_at(input_path)),
        TaskVariable.HEARTBEAT_S: str(job.settings.heartbeat_interval_s),
    }
    return tasks.ContainerOverride(
        container_definition=job.container,
        command=[step.value],
        environment=[
            tasks.TaskEnvironmentVariable(name=name, value=value) for name, value in variables.items()
        ],
    )

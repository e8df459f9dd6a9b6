"""Steps as containers: started by ECS, answered by a task token."""

from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from bikecast.names import TaskVariable
from infra_cdk.constructs.jobs.job import ANSWERS, Job, JobStep
from infra_cdk.constructs.review import suppress_nag
from infra_cdk.settings import InfraSettings

CONTAINER = "job"


@dataclass(frozen=True)
class JobSize:
    """What one container gets; Fargate allows certain pairs only."""

    cpu_units: int = 2048
    memory_mb: int = 8192


class ContainerJob(Job):
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
        super().__init__(scope, construct_id, settings=settings)
        self._cluster, self._security_group = cluster, security_group
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

    @property
    def role(self) -> iam.IRole:
        """What a container may do."""
        return self.task.task_role

    @property
    def _death(self) -> str:
        return "a container died, was killed or ran out of memory"

    def _start(self, scope: Construct, construct_id: str, step: JobStep) -> sfn.TaskStateBase:
        return tasks.EcsRunTask(
            scope,
            construct_id,
            integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
            cluster=self._cluster,
            task_definition=self.task,
            launch_target=_launch(step.on_spot and self.settings.spot_tuning),
            security_groups=[self._security_group],
            subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            assign_public_ip=True,
            container_overrides=[self._override(step)],
            heartbeat_timeout=sfn.Timeout.duration(cdk.Duration.seconds(self.settings.heartbeat_s)),
            task_timeout=sfn.Timeout.duration(step.timeout),
            result_path=step.result_path,
        )

    def _override(self, step: JobStep) -> tasks.ContainerOverride:
        variables = {
            TaskVariable.TOKEN: sfn.JsonPath.task_token,
            TaskVariable.INPUT: sfn.JsonPath.json_to_string(sfn.JsonPath.object_at(step.input_path)),
            TaskVariable.EXECUTION: sfn.JsonPath.execution_name,
            TaskVariable.HEARTBEAT_S: str(self.settings.heartbeat_interval_s),
        }
        return tasks.ContainerOverride(
            container_definition=self.container,
            command=step.command,
            environment=[
                tasks.TaskEnvironmentVariable(name=name, value=value) for name, value in variables.items()
            ],
        )


def _task(scope: Construct, size: JobSize) -> ecs.FargateTaskDefinition:
    platform = ecs.RuntimePlatform(
        cpu_architecture=ecs.CpuArchitecture.X86_64, operating_system_family=ecs.OperatingSystemFamily.LINUX
    )
    return ecs.FargateTaskDefinition(
        scope, "Task", cpu=size.cpu_units, memory_limit_mib=size.memory_mb, runtime_platform=platform
    )


WILDCARDS = "A task's answer and the login to ECR have no resource level."


def _launch(spot: bool) -> tasks.EcsFargateLaunchTarget:
    capacity = None
    if spot:
        strategy = ecs.CapacityProviderStrategy(capacity_provider="FARGATE_SPOT", weight=1)
        capacity = tasks.CapacityProviderOptions.custom(capacity_provider_strategy=[strategy])
    return tasks.EcsFargateLaunchTarget(
        platform_version=ecs.FargatePlatformVersion.LATEST, capacity_provider_options=capacity
    )

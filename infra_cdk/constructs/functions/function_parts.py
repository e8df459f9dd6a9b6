"""What zip and image functions share: log group, role, environment, place in the network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from bikecast.names import metric_namespace
from infra_cdk.constructs.logs import ExpiringLogGroup
from infra_cdk.constructs.review import suppress_nag
from infra_cdk.settings import InfraSettings


@dataclass(frozen=True)
class Placement:
    """Isolated subnets, and the security group of functions that talk to the database."""

    vpc: ec2.IVpc
    security_group: ec2.ISecurityGroup


class Shared(TypedDict):
    """Arguments that zip and image functions take alike."""

    environment: dict[str, str]
    log_group: logs.ILogGroup
    role: iam.IRole
    tracing: lambda_.Tracing
    vpc: ec2.IVpc | None
    vpc_subnets: ec2.SubnetSelection | None
    security_groups: list[ec2.ISecurityGroup] | None


class FunctionParts(Construct):
    """The parts of one function.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent.
        name: Folder under ``lambdas/``; also the service's name in logs, metrics and traces.
        settings: The target.
        environment: What the function's settings class reads.
        placement: In the network beside the database, or ``None`` for outside.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        settings: InfraSettings,
        environment: Mapping[str, str],
        placement: Placement | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = ExpiringLogGroup(self, "Logs")
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.log_group.grant_write(self.role)
        self.environment = {
            **_powertools(name, settings=settings),
            **settings.tracing(name),
            **environment,
        }
        self.tracing = lambda_.Tracing.ACTIVE if settings.xray else lambda_.Tracing.DISABLED
        self._placement = placement
        if placement is not None:
            self.role.add_to_policy(NETWORK_INTERFACES)
        suppress_nag(self.role, {"AwsSolutions-IAM5[Resource::*]": ROLE_WILDCARDS})

    def shared(self) -> Shared:
        """Return the parts as arguments of a function."""
        place = self._placement
        isolated = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
        return Shared(
            environment=self.environment,
            log_group=self.log_group,
            role=self.role,
            tracing=self.tracing,
            vpc=place.vpc if place else None,
            vpc_subnets=isolated if place else None,
            security_groups=[place.security_group] if place else None,
        )


NETWORK_INTERFACES = iam.PolicyStatement(
    actions=[
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses",
    ],
    resources=["*"],
)
ROLE_WILDCARDS = "X-Ray's and the network interfaces' actions have no resource level for functions."


def _powertools(name: str, *, settings: InfraSettings) -> dict[str, str]:
    return {
        "POWERTOOLS_SERVICE_NAME": name,
        "POWERTOOLS_METRICS_NAMESPACE": metric_namespace(settings.environment.name),
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }

"""A network without NAT: containers go out from public subnets, nothing comes in, functions stay inside."""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra_cdk.constructs.functions.function_parts import Placement
from infra_cdk.constructs.logs import ExpiringLogGroup
from infra_cdk.settings import InfraSettings
from infra_cdk.stacks.base import BikecastStack

POSTGRES = 5432
HTTPS = 443
ADDRESSES = "10.0.0.0/16"


class NetworkStack(BikecastStack):
    """Two zones, public and isolated subnets, the free S3 gateway, three security groups."""

    def __init__(self, scope: Construct, *, settings: InfraSettings) -> None:
        super().__init__(scope, "network", settings=settings, description="bikecast: network without NAT")
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(ADDRESSES),
            max_azs=2,
            nat_gateways=0,
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="jobs", subnet_type=ec2.SubnetType.PUBLIC, map_public_ip_on_launch=False
                ),
                ec2.SubnetConfiguration(name="inside", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            ],
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)
            },
        )
        self.jobs = self._group("Jobs", "Containers: out to AWS, data publishers and Postgres; nothing in")
        functions = self._group("Functions", "Functions inside: out to the S3 gateway and Postgres")
        self.functions = Placement(vpc=self.vpc, security_group=functions)
        self.database = self._database_group(admitted=(self.jobs, functions))
        self._watch()

    def _group(self, construct_id: str, description: str) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self, construct_id, vpc=self.vpc, description=description, allow_all_outbound=False
        )
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(HTTPS), "AWS and data publishers")
        group.add_egress_rule(ec2.Peer.ipv4(ADDRESSES), ec2.Port.tcp(POSTGRES), "Postgres")
        return group

    def _database_group(self, *, admitted: tuple[ec2.SecurityGroup, ...]) -> ec2.ISecurityGroup:
        # Inside the group: rules between groups as resources of their own do not deploy on every target.
        ingress = [
            ec2.CfnSecurityGroup.IngressProperty(
                ip_protocol="tcp",
                from_port=POSTGRES,
                to_port=POSTGRES,
                source_security_group_id=group.security_group_id,
                description=f"Postgres from {group.node.id}",
            )
            for group in admitted
        ]
        group = ec2.CfnSecurityGroup(
            self,
            "Database",
            group_description="Postgres, from our containers and functions only",
            vpc_id=self.vpc.vpc_id,
            security_group_ingress=ingress,
            security_group_egress=[NO_EGRESS],
        )
        return ec2.SecurityGroup.from_security_group_id(
            self, "DatabaseGroup", group.attr_group_id, mutable=False
        )

    def _watch(self) -> None:
        if self.settings.flow_logs:
            log_group: logs.ILogGroup = ExpiringLogGroup(self, "FlowLogs")
            self.vpc.add_flow_log("Flow", destination=ec2.FlowLogDestination.to_cloud_watch_logs(log_group))


# The way EC2 says "none": an empty list would mean "everything".
NO_EGRESS = ec2.CfnSecurityGroup.EgressProperty(
    ip_protocol="icmp", from_port=252, to_port=86, cidr_ip="255.255.255.255/32", description="No way out"
)

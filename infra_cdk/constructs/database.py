"""The one Postgres: encrypted, backed up, in isolated subnets, opened to two security groups."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds
from constructs import Construct

from bikecast.names import DATABASE_NAME, FUNCTION_DATABASE_USER, Variable
from infra_cdk.constructs.review import accept
from infra_cdk.settings import InfraSettings

OWNER = "bikecast"
BACKUP_DAYS = 7


class PostgresDatabase(rds.DatabaseInstance):
    """A small PostgreSQL instance with a generated owner password.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent.
        vpc: Network with isolated subnets.
        security_group: Who may connect.
        settings: The target.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        security_group: ec2.ISecurityGroup,
        settings: InfraSettings,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            engine=rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_18),
            instance_type=ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.MICRO),
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_groups=[security_group],
            credentials=rds.Credentials.from_generated_secret(OWNER),
            database_name=DATABASE_NAME,
            allocated_storage=20,
            max_allocated_storage=100,
            storage_type=rds.StorageType.GP3,
            storage_encrypted=True,
            iam_authentication=settings.database_by_token,
            backup_retention=cdk.Duration.days(BACKUP_DAYS),
            copy_tags_to_snapshot=True,
            auto_minor_version_upgrade=True,
            deletion_protection=settings.keep_data,
            removal_policy=cdk.RemovalPolicy.SNAPSHOT if settings.keep_data else cdk.RemovalPolicy.DESTROY,
            cloudwatch_logs_exports=["postgresql"],
        )
        self._settings = settings
        accept(self, ACCEPTED)

    @property
    def owner_secret(self) -> rds.DatabaseSecret:
        """The owner's login, which containers use.

        ``secret`` is its attachment to the instance instead: the same ARN on AWS, but none on LocalStack.
        """
        secret = self.node.find_child("Secret")
        assert isinstance(secret, rds.DatabaseSecret)
        return secret

    def location(self) -> dict[str, str]:
        """Return where the database is, for any deployable."""
        return {
            Variable.DATABASE_HOST: self.db_instance_endpoint_address,
            Variable.DATABASE_PORT: self.db_instance_endpoint_port,
            Variable.DATABASE_NAME: DATABASE_NAME,
            Variable.DATABASE_SSLMODE: self._settings.database_sslmode,
        }

    def function_login(self) -> dict[str, str]:
        """Return how a function logs in: as its own user by token, or as the owner with the secret."""
        if self._settings.database_by_token:
            return {**self.location(), Variable.DATABASE_USER: FUNCTION_DATABASE_USER}
        return {
            **self.location(),
            Variable.DATABASE_USER: OWNER,
            Variable.DATABASE_SECRET_ARN: self.owner_secret.secret_arn,
        }

    def admit(self, grantee: iam.IGrantable) -> None:
        """Let a function log in the way that ``function_login`` tells it."""
        if self._settings.database_by_token:
            self.grant_connect(grantee, FUNCTION_DATABASE_USER)
        else:
            self.owner_secret.grant_read(grantee)


ACCEPTED = {
    "AwsSolutions-RDS3": "One zone halves the cost; meanwhile captured predictions wait in their queue.",
    "AwsSolutions-RDS11": "Two security groups reach the port; another number would hide nothing.",
    "AwsSolutions-SMG4": "Rotation needs a function with a way out of the network; functions use tokens.",
}

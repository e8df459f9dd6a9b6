"""The one Postgres: encrypted, backed up, in isolated subnets, opened to two security groups."""

from collections.abc import Mapping
from typing import Protocol

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from bikecast.names import DATABASE_NAME, DatabaseRole, Variable
from infra_cdk.constructs.json_text import json_object
from infra_cdk.constructs.review import suppress_nag
from infra_cdk.settings import InfraSettings

OWNER = "bikecast"
BACKUP_DAYS = 7


class Postgres(Protocol):
    """What deployables need to know of the database, and how they log in."""

    @property
    def role_secrets(self) -> Mapping[DatabaseRole, secretsmanager.ISecret]:
        """Passwords of the roles that may do less than the owner; none where tokens log in."""
        ...

    def location(self) -> dict[str, str]:
        """Return where the database is, for any deployable."""
        ...

    def owner_login(self) -> dict[str, str]:
        """Return how the owner logs in: with a secret's password, read at that moment."""
        ...

    def admit_owner(self, role: iam.IRole) -> None:
        """Let a role read the owner's secret."""
        ...

    def login(self, role: DatabaseRole) -> dict[str, str]:
        """Return how a function logs in under its role."""
        ...

    def allow_connections(self, grantee: iam.IGrantable, role: DatabaseRole) -> None:
        """Let a function log in the way that ``login`` tells it."""
        ...


def passwords(postgres: Postgres) -> dict[str, str]:
    """Return where the migration finds the passwords that it gives to the roles."""
    arns = {role.value: secret.secret_arn for role, secret in postgres.role_secrets.items()}
    return {Variable.DATABASE_ROLE_SECRETS: json_object(arns)} if arns else {}


def let_set_passwords(postgres: Postgres, grantee: iam.IGrantable) -> None:
    """Let the migration read them."""
    for secret in postgres.role_secrets.values():
        secret.grant_read(grantee)


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
        secret = self.node.find_child("Secret")
        assert isinstance(secret, rds.DatabaseSecret)
        self._owner_secret = _by_arn(secret)
        # A token needs no secret.
        self.role_secrets = {} if settings.database_by_token else secrets_of_roles(self)
        suppress_nag(self, ACCEPTED)

    @property
    def owner_secret(self) -> secretsmanager.ISecret:
        """The owner's login, which containers use."""
        return self._owner_secret

    def location(self) -> dict[str, str]:
        """Return where the database is, for any deployable."""
        return {
            Variable.DATABASE_HOST: self.db_instance_endpoint_address,
            Variable.DATABASE_PORT: self.db_instance_endpoint_port,
            Variable.DATABASE_NAME: DATABASE_NAME,
            Variable.DATABASE_SSLMODE: self._settings.database_sslmode,
        }

    def login(self, role: DatabaseRole) -> dict[str, str]:
        """Return how a function logs in under its role: by token, or with the role's secret."""
        login = {**self.location(), Variable.DATABASE_USER: role.value}
        if self._settings.database_by_token:
            return login
        return {**login, Variable.DATABASE_SECRET_ARN: self.role_secrets[role].secret_arn}

    def allow_connections(self, grantee: iam.IGrantable, role: DatabaseRole) -> None:
        """Let a function log in the way that ``login`` tells it."""
        if self._settings.database_by_token:
            self.grant_connect(grantee, role)
        else:
            self.role_secrets[role].grant_read(grantee)

    def owner_login(self) -> dict[str, str]:
        """Return the owner's name and secret."""
        return {
            Variable.DATABASE_USER: OWNER,
            Variable.DATABASE_SECRET_ARN: self.owner_secret.secret_arn,
        }

    def admit_owner(self, role: iam.IRole) -> None:
        """Let a role read the owner's secret."""
        self.owner_secret.grant_read(role)


def secrets_of_roles(scope: Construct) -> dict[DatabaseRole, secretsmanager.ISecret]:
    """Return a generated password for each role, in a secret of its own."""
    names = {role: f"{role.name.title().replace('_', '')}Login" for role in DatabaseRole}
    return {role: _by_arn(rds.DatabaseSecret(scope, names[role], username=role)) for role in DatabaseRole}


def _by_arn(secret: rds.DatabaseSecret) -> secretsmanager.ISecret:
    """Return a secret that is referred to by its attribute for the ARN.

    The construct library takes the reference to the secret, or to its attachment, for the ARN: that it is on
    AWS, while the embedded cloud gives a secret's name, and LocalStack gives an attachment no ARN.
    """
    resource = secret.node.default_child
    assert isinstance(resource, secretsmanager.CfnSecret)
    return secretsmanager.Secret.from_secret_complete_arn(secret, "ByArn", resource.attr_id)


ACCEPTED = {
    "AwsSolutions-RDS3": "One zone halves the cost; meanwhile captured predictions wait in their queue.",
    "AwsSolutions-RDS11": "Two security groups reach the port; another number would hide nothing.",
    "AwsSolutions-SMG4": "Rotation needs a function with a way out of the network; functions use tokens.",
}

"""A Postgres that no stack makes: it is there already."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from bikecast.names import DatabaseRole, Variable
from infra_cdk.constructs.review import suppress_nag
from infra_cdk.constructs.storage.database import secrets_of_roles
from infra_cdk.outside import OutsideDatabase


class OutsidePostgres(Construct):
    """Its roles' passwords are made here; the owner's secret is there already, too.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent.
        place: Where it is.
    """

    def __init__(self, scope: Construct, construct_id: str, *, place: OutsideDatabase) -> None:
        super().__init__(scope, construct_id)
        self._place = place
        self.role_secrets = secrets_of_roles(self)
        suppress_nag(
            self, {"AwsSolutions-SMG4": "Nothing of ours reaches this database to rotate a password there."}
        )

    def location(self) -> dict[str, str]:
        """Return where the database is."""
        return {
            Variable.DATABASE_HOST: self._place.host,
            Variable.DATABASE_PORT: str(self._place.port),
            Variable.DATABASE_NAME: self._place.name,
            Variable.DATABASE_SSLMODE: self._place.sslmode,
        }

    def owner_login(self) -> dict[str, str]:
        """Return the owner's name, and the secret by its name."""
        return {
            Variable.DATABASE_USER: self._place.user,
            Variable.DATABASE_SECRET_ARN: self._place.secret_name,
        }

    def admit_owner(self, role: iam.IRole) -> None:
        """Let a role read the owner's secret; Secrets Manager appends a dash and six characters to a name."""
        secret = f"arn:{cdk.Aws.PARTITION}:secretsmanager:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:secret"
        reading = iam.PolicyStatement(
            actions=["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
            resources=[f"{secret}:{self._place.secret_name}-??????"],
        )
        role.add_to_principal_policy(reading)

    def login(self, role: DatabaseRole) -> dict[str, str]:
        """Return how a function logs in under its role: with the role's secret."""
        secret = self.role_secrets[role].secret_arn
        return {
            **self.location(),
            Variable.DATABASE_USER: role.value,
            Variable.DATABASE_SECRET_ARN: secret,
        }

    def allow_connections(self, grantee: iam.IGrantable, role: DatabaseRole) -> None:
        """Let a function read its role's secret."""
        self.role_secrets[role].grant_read(grantee)

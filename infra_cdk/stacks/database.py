"""Postgres for the registry, the tuning studies and the monitor."""

from constructs import Construct

from bikecast.names import DATABASE_NAME, DatabaseRole, Output
from infra_cdk.constructs.database import OWNER, PostgresDatabase
from infra_cdk.settings import InfraSettings
from infra_cdk.stacks.base import BikecastStack
from infra_cdk.stacks.network import NetworkStack


class DatabaseStack(BikecastStack):
    """One RDS instance."""

    def __init__(self, scope: Construct, *, settings: InfraSettings, network: NetworkStack) -> None:
        super().__init__(scope, "database", settings=settings, description="bikecast: PostgreSQL")
        self.postgres = PostgresDatabase(
            self, "Postgres", vpc=network.vpc, security_group=network.database, settings=settings
        )
        self.export_outputs(
            {
                Output.DATABASE_HOST: self.postgres.db_instance_endpoint_address,
                Output.DATABASE_PORT: self.postgres.db_instance_endpoint_port,
                Output.DATABASE_NAME: DATABASE_NAME,
                Output.DATABASE_USER: OWNER,
                Output.DATABASE_SECRET_ARN: self.postgres.owner_secret.secret_arn,
            }
        )
        reader = self.postgres.role_secrets.get(DatabaseRole.REGISTRY_READER)
        if reader is not None:
            self.export_outputs({Output.REGISTRY_READER_SECRET_ARN: reader.secret_arn})

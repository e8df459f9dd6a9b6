"""Postgres for the registry, the tuning studies and the monitor."""

from aws_cdk import aws_rds as rds
from constructs import Construct

from bikecast.names import DatabaseRole, Output, Variable
from infra_cdk.constructs.storage.database import Postgres, PostgresDatabase, passwords
from infra_cdk.constructs.storage.outside_database import OutsidePostgres
from infra_cdk.settings import InfraSettings
from infra_cdk.stacks.base import BikecastStack
from infra_cdk.stacks.network import NetworkStack

OUTPUTS = {
    Output.DATABASE_HOST: Variable.DATABASE_HOST,
    Output.DATABASE_PORT: Variable.DATABASE_PORT,
    Output.DATABASE_NAME: Variable.DATABASE_NAME,
    Output.DATABASE_USER: Variable.DATABASE_USER,
    Output.DATABASE_SECRET_ARN: Variable.DATABASE_SECRET_ARN,
    Output.DATABASE_ROLE_SECRETS: Variable.DATABASE_ROLE_SECRETS,
}


class DatabaseStack(BikecastStack):
    """One RDS instance in our network; or, without one, the logins of a database that is there already."""

    def __init__(self, scope: Construct, *, settings: InfraSettings, network: NetworkStack | None) -> None:
        super().__init__(scope, "database", settings=settings, description="bikecast: PostgreSQL")
        self.network = network
        # Where functions must be to reach it; outside the network if that is None.
        self.placement = network.functions if network else None
        # What alarms watch, if it is ours.
        self.instance: rds.IDatabaseInstance | None = None
        self.postgres = self._postgres()
        login = {**self.postgres.location(), **self.postgres.owner_login(), **passwords(self.postgres)}
        self.export_outputs({output: login[name] for output, name in OUTPUTS.items() if name in login})
        reader = self.postgres.role_secrets.get(DatabaseRole.REGISTRY_READER)
        if reader is not None:
            self.export_outputs({Output.REGISTRY_READER_SECRET_ARN: reader.secret_arn})

    def _postgres(self) -> Postgres:
        if self.network is None:
            assert self.settings.database is not None  # only then there is no network
            return OutsidePostgres(self, "Outside", place=self.settings.database)
        self.instance = postgres = PostgresDatabase(
            self,
            "Postgres",
            vpc=self.network.vpc,
            security_group=self.network.database,
            settings=self.settings,
        )
        return postgres

"""Versioned migrations of the one database: schemas for every owner, tables of schema ``monitoring``.

MLflow and Optuna create and migrate their own tables; here only their schemas are made.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from bikecast.database import DatabaseSettings, sqlalchemy_url
from bikecast.names import FUNCTION_DATABASE_USER, Schema

# Any two processes that migrate at once agree on this number; it has no other meaning.
LOCK_KEY = 0x62696B65

# RDS offers login by IAM token to members of ``rds_iam``; elsewhere functions log in as the owner.
# Source: Amazon RDS User Guide, "Creating a database account using IAM authentication".
ADMIT_FUNCTIONS = f"""
do $$ begin
    if not exists (select from pg_roles where rolname = 'rds_iam') then
        return;
    end if;
    if not exists (select from pg_roles where rolname = '{FUNCTION_DATABASE_USER}') then
        create role {FUNCTION_DATABASE_USER} login;
    end if;
    grant rds_iam to {FUNCTION_DATABASE_USER};
    grant usage on schema {Schema.MONITORING} to {FUNCTION_DATABASE_USER};
    grant select, insert, update, delete on all tables in schema {Schema.MONITORING}
        to {FUNCTION_DATABASE_USER};
end $$"""  # noqa: S608 - our own names, no input


def migrate(settings: DatabaseSettings, *, revision: str = "head") -> None:
    """Bring the database to a revision; harmless to repeat and to run from many processes at once.

    Raises:
        sqlalchemy.exc.OperationalError: The server cannot be reached or refuses the login.
    """
    engine = create_engine(sqlalchemy_url(settings, schema=Schema.MONITORING), poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("select pg_advisory_lock(:key)"), {"key": LOCK_KEY})
        connection.commit()
        try:
            _upgrade(connection, revision=revision)
            connection.execute(text(ADMIT_FUNCTIONS))
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("select pg_advisory_unlock(:key)"), {"key": LOCK_KEY})
            connection.commit()


def _upgrade(connection: Connection, *, revision: str) -> None:
    for schema in Schema:
        connection.execute(text(f"create schema if not exists {schema}"))
    connection.commit()
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, revision)

"""Versioned migrations of the one database: schemas for every owner, tables of schema ``monitoring``, roles.

MLflow and Optuna create and migrate their own tables; here only their schemas are made.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from bikecast.database import DatabaseSettings, secret_password, sqlalchemy_url
from bikecast.errors import DeploymentError
from bikecast.names import MINIMUM_POSTGRES, DatabaseRole, Schema

# Any two processes that migrate at once agree on this number; it has no other meaning.
LOCK_KEY = 0x62696B65

# Source: Amazon RDS User Guide, "Creating a database account using IAM authentication".
OFFERS_IAM = "select from pg_roles where rolname = 'rds_iam'"
# ``alter role`` takes no parameters; a setting of the transaction keeps the password out of the statement.
REMEMBER = "select set_config('bikecast.password', :password, true)"
LET_IN = """
do $$ begin
    execute format('alter role {role} password %L', current_setting('bikecast.password'));
end $$"""


def migrate(settings: DatabaseSettings, *, revision: str = "head") -> None:
    """Bring the database to a revision; harmless to repeat and to run from many processes at once.

    Raises:
        DeploymentError: The server is older than every target's.
        sqlalchemy.exc.OperationalError: The server cannot be reached or refuses the login.
    """
    engine = create_engine(sqlalchemy_url(settings, schema=Schema.MONITORING), poolclass=NullPool)
    with engine.connect() as connection:
        require_version(connection.scalar(text("show server_version_num")))
        with _locked(connection):
            _upgrade(connection, revision=revision)
            _let_log_in(connection, settings)
            connection.commit()


@contextmanager
def one_at_a_time(settings: DatabaseSettings) -> Iterator[None]:
    """Let no other process create tables meanwhile: Optuna and MLflow fail where two do so at once."""
    engine = create_engine(sqlalchemy_url(settings, schema=Schema.MONITORING), poolclass=NullPool)
    with engine.connect() as connection, _locked(connection):
        yield


@contextmanager
def _locked(connection: Connection) -> Iterator[None]:
    connection.execute(text("select pg_advisory_lock(:key)"), {"key": LOCK_KEY})
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("select pg_advisory_unlock(:key)"), {"key": LOCK_KEY})
        connection.commit()


def _let_log_in(connection: Connection, settings: DatabaseSettings) -> None:
    """Let the roles log in by IAM token where the server offers that, else with their secrets' passwords."""
    if connection.execute(text(OFFERS_IAM)).first() is not None:
        for role in DatabaseRole:
            connection.execute(text(f"grant rds_iam to {role}"))
        return
    for name, arn in settings.role_secrets.items():
        connection.execute(text(REMEMBER), {"password": secret_password(arn)})
        connection.execute(text(LET_IN.format(role=DatabaseRole(name))))


def require_version(number: str) -> None:
    """Make sure that the server is one that the project is tested with.

    Args:
        number: The server's own, such as 170002 for 17.2.

    Raises:
        DeploymentError: It is older.
    """
    major = int(number) // 10_000
    if major < MINIMUM_POSTGRES:
        raise DeploymentError(
            f"PostgreSQL {MINIMUM_POSTGRES} or newer is needed, but the server is version {major}"
        )


def _upgrade(connection: Connection, *, revision: str) -> None:
    for schema in Schema:
        connection.execute(text(f"create schema if not exists {schema}"))
    connection.commit()
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, revision)

"""Versioned migrations of the one database: schemas for every owner, tables of schema ``monitoring``, roles.

MLflow and Optuna create and migrate their own tables; here only their schemas are made.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

from bikecast.database import DatabaseSettings, connect, secret_password, sqlalchemy_url
from bikecast.errors import DeploymentError
from bikecast.names import MINIMUM_POSTGRES, DatabaseRole, Schema

if TYPE_CHECKING:
    from psycopg import Connection

APPLICATION = "migrate"
# Any two processes that migrate at once agree on this number; it has no other meaning.
LOCK_KEY = 0x62696B65

# A revision's file is named after it.
NEWEST = max(path.stem[1:5] for path in Path(__file__).with_name("versions").glob("m*.py"))
IS_NEW = "select to_regclass('monitoring.alembic_version') is null"
REVISION = "select version_num from monitoring.alembic_version"
OPENED_BY = "select obj_description(to_regnamespace(%s), 'pg_namespace')"
# Source: Amazon RDS User Guide, "Creating a database account using IAM authentication".
OFFERS_IAM = "select from pg_roles where rolname = 'rds_iam'"
# ``alter role`` takes no parameters; a setting of the transaction keeps the password out of the statement.
REMEMBER = "select set_config('bikecast.password', %s, true)"
LET_IN = """
do $$ begin
    execute format('alter role {role} password %L', current_setting('bikecast.password'));
end $$"""


def migrate(settings: DatabaseSettings, *, revision: str | None = None) -> None:
    """Bring the database to a revision, the newest if none is named; harmless to repeat and to race.

    Most steps find the newest schema, and then the libraries that change it are not even imported.

    Raises:
        DeploymentError: The server is older than every target's.
        psycopg.OperationalError: The server cannot be reached or refuses the login.
    """
    with connect(settings, application=APPLICATION) as connection:
        require_version(_one(connection, "show server_version_num"))
        with _locked(connection):
            if _revision(connection) != (revision or NEWEST):
                _upgrade(connection, settings, revision=revision or NEWEST)
            _let_log_in(connection, settings)
            connection.commit()


@contextmanager
def first_alone(settings: DatabaseSettings, schema: Schema, *, version: str) -> Iterator[None]:
    """Let the first process that opens a library's schema create its tables, and others wait for it.

    Optuna and MLflow fail where two create tables at once. A schema that was opened once by this version of
    its library says so in its comment, and nobody waits any more.
    """
    from psycopg.sql import SQL, Identifier

    with connect(settings, application=APPLICATION) as connection:
        if connection.execute(OPENED_BY, [schema]).fetchone() == (version,):
            yield
            return
        with _locked(connection):
            yield
            told = SQL("comment on schema {} is {}").format(Identifier(schema), version)
            connection.execute(told)
            connection.commit()


@contextmanager
def _locked(connection: "Connection") -> Iterator[None]:
    connection.execute("select pg_advisory_lock(%s)", [LOCK_KEY])
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute("select pg_advisory_unlock(%s)", [LOCK_KEY])
        connection.commit()


def _one(connection: "Connection", query: LiteralString) -> str:
    row = connection.execute(query).fetchone()
    assert row is not None
    return str(row[0])


def _revision(connection: "Connection") -> str | None:
    """Return the revision of the schema; None if it was never migrated."""
    if _one(connection, IS_NEW) == "True":
        return None
    found = connection.execute(REVISION).fetchone()
    return str(found[0]) if found else None


def _let_log_in(connection: "Connection", settings: DatabaseSettings) -> None:
    """Let the roles log in by IAM token where the server offers that, else with their secrets' passwords."""
    from psycopg.sql import SQL, Identifier

    if connection.execute(OFFERS_IAM).fetchone() is not None:
        for role in DatabaseRole:
            connection.execute(SQL("grant rds_iam to {}").format(Identifier(role)))
        return
    for name, arn in settings.role_secrets.items():
        connection.execute(REMEMBER, [secret_password(arn)])
        connection.execute(SQL(LET_IN).format(role=Identifier(DatabaseRole(name))))


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


def _upgrade(connection: "Connection", settings: DatabaseSettings, *, revision: str) -> None:
    from alembic import command
    from alembic.config import Config
    from psycopg.sql import SQL, Identifier
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    for schema in Schema:
        connection.execute(SQL("create schema if not exists {}").format(Identifier(schema)))
    connection.commit()
    engine = create_engine(sqlalchemy_url(settings, schema=Schema.MONITORING), poolclass=NullPool)
    with engine.connect() as migrated:
        config = Config(attributes={"connection": migrated})
        config.set_main_option("script_location", str(Path(__file__).parent))
        config.set_main_option("path_separator", "os")
        command.upgrade(config, revision)

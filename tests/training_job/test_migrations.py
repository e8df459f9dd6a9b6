"""Migrations against a real PostgreSQL: repeatable, safe to race, and complete."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from psycopg import OperationalError
from psycopg.errors import InsufficientPrivilege

from bikecast.database import DatabaseSettings, connect
from bikecast.names import FUNCTION_DATABASE_USER
from tests.postgres import Server
from training_job.migrations import migrate

TABLES = {
    "predictions",
    "actuals",
    "decisions",
    "windows",
    "feature_drift",
    "live_error",
    "incidents",
    "automation_events",
    "alembic_version",
}


def _names(settings: DatabaseSettings, query: str) -> set[str]:
    with connect(settings, application="test") as connection:
        return {row[0] for row in connection.execute(query)}


def test_an_empty_database_gets_every_table_and_schema(database: DatabaseSettings) -> None:
    migrate(database)
    tables = _names(database, "select tablename from pg_tables where schemaname = 'monitoring'")
    schemas = _names(database, "select nspname from pg_namespace")
    assert tables == TABLES
    assert {"monitoring", "mlflow", "optuna"} <= schemas


def test_a_second_migration_changes_nothing(database: DatabaseSettings) -> None:
    migrate(database)
    with connect(database, application="test") as connection:
        connection.execute(
            "insert into actuals (use_case, key, value) values ('citibike', '2024-11-03 01:00:00', 7)"
        )
    migrate(database)
    assert _names(database, "select value::text from actuals") == {"7"}


def test_migrations_at_once_wait_for_each_other(database: DatabaseSettings) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [database] * 4))
    assert _names(database, "select version_num from alembic_version") == {"0003"}


def test_a_server_that_is_down_is_named(postgres: Server) -> None:
    settings = DatabaseSettings(host="127.0.0.1", port=1, user="nobody", password="x", sslmode="disable")
    with pytest.raises(Exception, match=r"127\.0\.0\.1") as caught:
        migrate(settings)
    assert isinstance(caught.value.__cause__, OperationalError)


def test_where_there_is_login_by_token_functions_get_a_user_of_their_own(database: DatabaseSettings) -> None:
    with connect(database, application="test") as connection:
        connection.execute("create role rds_iam")
    try:
        for _ in range(2):
            migrate(database)
        with connect(database, application="test") as connection:
            connection.execute(f"set role {FUNCTION_DATABASE_USER}".encode())
            assert connection.execute("select count(*) from predictions").fetchone() == (0,)
            with pytest.raises(InsufficientPrivilege):
                connection.execute("create table monitoring.own (id int)")
    finally:
        _forget_roles(database)


def _forget_roles(settings: DatabaseSettings) -> None:
    with connect(settings, application="test") as connection:
        connection.execute(f"drop owned by {FUNCTION_DATABASE_USER}".encode())
        connection.execute(f"drop role {FUNCTION_DATABASE_USER}, rds_iam".encode())

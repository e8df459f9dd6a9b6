"""The demo on somebody else's machine: not as root, in a path with a blank, behind a proxy that is dead."""

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.deployment import PROJECT, eventually, free_ports

pytestmark = [pytest.mark.e2e, pytest.mark.on_demand, pytest.mark.timeout(2400)]

NOWHERE = dict.fromkeys(("HTTP_PROXY", "https_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
PORTS = ("PORT", "HTTPS_PORT", "DATABASE_PORT", "MLFLOW_PORT", "EVIDENTLY_PORT")
# Variables that belong to this session and not to the machine's network.
OURS = (
    "AWS_",
    "BIKECAST_",
    "PYTEST_",
    "PY",
    "VIRTUAL_ENV",
    "HOME",
    "PATH",
    "USER",
    "LOGNAME",
    "MAKE",
    "MFLAGS",
)


@dataclass(frozen=True)
class Somebody:
    """A user's clone and what their terminal knows; ``python`` is one that they may run."""

    clone: Path
    environment: Mapping[str, str]
    python: str
    login: pwd.struct_passwd | None

    def run(self, *command: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in the clone."""
        return subprocess.run(
            command,
            cwd=self.clone,
            env={**self.environment, **more},
            user=self.login.pw_uid if self.login else None,
            group=self.login.pw_gid if self.login else None,
            extra_groups=[] if self.login else None,
            capture_output=True,
            text=True,
            timeout=1200,
            check=False,
        )

    def bikecast(self, *arguments: str) -> str:
        """Run the clone's own console in a new terminal behind the dead proxy; return what it printed."""
        done = self.run(".venv/bin/bikecast", *arguments, **NOWHERE)
        assert done.returncode == 0, f"bikecast {arguments}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done.stdout


@pytest.fixture
def somebody() -> Iterator[Somebody]:
    root = Path(tempfile.mkdtemp(prefix="some body-"))
    clone, home = root / "my projects" / "bikecast", root / "home"
    subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(clone)], check=True)
    home.mkdir()
    # Who is not root is such a user already.
    login = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    python = sys.executable
    if login:
        subprocess.run(["chown", "--recursive", f"{login.pw_uid}:{login.pw_gid}", str(root)], check=True)
        python = "/usr/bin/python3"  # root's own may lie where nobody else may look
    network = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    person = Somebody(clone, network | {"HOME": str(home), "PATH": os.defpath}, python, login)
    try:
        yield person
    finally:
        person.bikecast("down")
        shutil.rmtree(root)


def test_the_demo_runs_and_a_new_terminal_finds_its_cloud(somebody: Somebody) -> None:
    ports = {
        f"BIKECAST_LOCAL_{name}": str(port) for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)
    }
    # Packages come over the network, the emulator's with its first start; nothing else does.
    for target in (("up", f"PYTHON={somebody.python}"), ("down",)):
        done = somebody.run("make", *target, **ports)
        assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    demo = somebody.run("make", "demo", **NOWHERE, **ports)
    assert demo.returncode == 0, f"{demo.stdout[-2000:]}\n{demo.stderr[-6000:]}"
    assert "champion    version 1" in demo.stdout
    status = somebody.bikecast("status", "--json")
    assert f"http://127.0.0.1:{ports['BIKECAST_LOCAL_PORT']}" in status
    assert '"running": false' not in status
    assert '"source": "champion"' in somebody.bikecast("predict", "--date", "2025-04-03 08:00", "--json")
    somebody.bikecast("down")
    again = json.loads(somebody.bikecast("up", "--json"))
    for name, port in (("mlflow", "MLFLOW_PORT"), ("evidently", "EVIDENTLY_PORT")):
        assert again[name] == f"http://127.0.0.1:{ports[f'BIKECAST_LOCAL_{port}']}"
        eventually(partial(_is_there, again[name]), timeout_s=120)


def _is_there(url: str) -> bool:
    """Tell whether a page answers; MLflow asks for a login."""
    try:
        return httpx.get(url, trust_env=False, timeout=10).status_code in (200, 401)
    except httpx.TransportError:
        return False

"""Behind a proxy that reads TLS: `make setup` says what to do, and what it says works for pip, uv and npm."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deployment import PROJECT
from tests.interception import PACKAGE, intercepting_proxy

PROGRAMS = Path(sys.executable).parent
# What a terminal may know of certificates, mirrors and proxies already.
KNOWN = (
    "SSL_",
    "PIP_",
    "UV_",
    "NODE_",
    "NPM_",
    "REQUESTS_",
    "CURL_",
    "HTTP_",
    "HTTPS_",
    "ALL_",
    "NO_",
    "MAKE",
)
INSTALLS = {
    "PIP_CERT": [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--no-cache-dir",
        "-d",
        "wheels",
        PACKAGE,
    ],
    "SSL_CERT_FILE": [
        str(PROGRAMS / "uv"),
        "pip",
        "install",
        "--no-config",
        "--no-cache",
        "--target",
        "here",
        PACKAGE,
    ],
    "NODE_EXTRA_CA_CERTS": [str(PROGRAMS / "npm"), "install", "--no-audit", PACKAGE],
}


@dataclass(frozen=True)
class Office:
    """A folder on a machine behind the proxy."""

    folder: Path
    proxy: str
    authority: Path

    def run(self, *command: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a command that knows the proxy and nothing else of the network."""
        kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(KNOWN)}
        quick = {"PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull, "UV_HTTP_RETRIES": "0"}
        npm = {
            "npm_config_fetch_retries": "0",
            "npm_config_cache": str(self.folder / "npm"),
            "HOME": str(self.folder),
        }
        path = {"PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
        return subprocess.run(
            command,
            cwd=self.folder,
            env=kept | quick | npm | path | {"HTTPS_PROXY": self.proxy} | more,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    folder = tmp_path / "folder"
    folder.mkdir()
    with intercepting_proxy(tmp_path) as (address, authority):
        yield Office(folder, address, authority)


@pytest.mark.parametrize("variable", INSTALLS)
def test_the_named_variable_makes_each_program_trust_the_proxy(office: Office, variable: str) -> None:
    refused = office.run(*INSTALLS[variable])
    assert refused.returncode != 0
    assert "certificate" in (refused.stdout + refused.stderr).lower()
    done = office.run(*INSTALLS[variable], **{variable: str(office.authority)})
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("step", ["environment", "npm"])
def test_setup_names_every_variable_where_a_certificate_is_not_trusted(office: Office, step: str) -> None:
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "package.json", "package-lock.json"):
        shutil.copy(PROJECT / name, office.folder)
    if step == "npm":
        (office.folder / ".venv").mkdir()
        (office.folder / ".venv/.ready").touch()
    done = office.run("make", "node_modules/.ready", f"PYTHON={sys.executable}")
    assert done.returncode != 0
    assert all(variable in done.stderr for variable in INSTALLS)

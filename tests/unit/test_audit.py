"""The audit fails closed, and the bill of materials names what is locked."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"^(?P<name>[a-z0-9][\w.-]*)==(?P<version>[^\s;]+)", re.MULTILINE)
NOBODY = "http://127.0.0.1:9"


def make(target: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a target without what it would install first."""
    return subprocess.run(
        ["make", "-o", "setup", target, f"SBOM={folder}"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_audit_that_can_ask_nobody_fails_and_says_so(tmp_path: Path) -> None:
    proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"), NOBODY)
    found = make("audit", tmp_path, UV_CACHE_DIR=str(tmp_path / "cache"), UV_HTTP_RETRIES="0", **proxies)
    assert found.returncode != 0
    assert "nothing was audited" in found.stderr


def test_the_bill_of_materials_names_every_locked_package(tmp_path: Path) -> None:
    made = make("sbom", tmp_path)
    if made.returncode and "its tool could not be installed" in made.stderr:
        pytest.skip(f"no network: {made.stderr.strip()}")
    assert made.returncode == 0, made.stderr
    bill = json.loads((tmp_path / "python.json").read_text())
    named = {(each["name"], each["version"]) for each in bill["components"]}
    locked = set(PIN.findall((ROOT / "requirements.lock").read_text()))
    assert len(locked) > 100
    assert named == locked
    npm = json.loads((tmp_path / "npm.json").read_text())
    assert {"aws-cdk", "aws-cdk-local"} <= {each["name"] for each in npm["components"]}

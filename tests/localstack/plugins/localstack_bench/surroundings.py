"""What the bench tells LocalStack about this machine, and how processes are started here."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ACCOUNT, REGION = "000000000000", "us-east-1"
STAND_INS = "BENCH_STAND_INS"


def project() -> Path:
    """The clone whose code runs in functions and tasks."""
    return Path(os.environ["BENCH_PROJECT"])


def project_python() -> str:
    """The clone's own interpreter: tasks, image functions and the database run on it."""
    return str(project() / ".venv/bin/python")


def function_python() -> str:
    """An interpreter of the functions' version with what AWS's runtime brings along."""
    return os.environ["BENCH_FUNCTION_PYTHON"]


def with_stand_ins() -> bool:
    """Whether ECS, RDS, ECR and image functions are stood in for, as if they had been paid for."""
    return os.environ[STAND_INS] == "1"


def endpoint_url() -> str:
    """Where this LocalStack listens."""
    from localstack import config

    return f"http://127.0.0.1:{config.GATEWAY_LISTEN[0].port}"


def client(service: Any) -> Any:
    """Return a client of this very LocalStack."""
    import boto3

    return boto3.client(
        service,
        endpoint_url=endpoint_url(),
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def inherited() -> dict[str, str]:
    """Return the variables that a process may share with LocalStack itself."""
    shared = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
    return {name: os.environ[name] for name in shared if name in os.environ}


def start(
    argv: Sequence[str], environment: Mapping[str, str], *, cwd: Path, log: Path | None = None
) -> "subprocess.Popen[str]":
    """Start a process that ends with LocalStack, with everything that it started.

    Its output goes to ``log``, or else to whoever reads it.
    """
    init = project() / "local_cloud/engine/init.py"
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(init), "15", "10", *argv],
        env=dict(environment),
        cwd=cwd,
        stdin=subprocess.PIPE,  # its end tells the process that LocalStack is gone
        stdout=log.open("a") if log else subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def free_port() -> int:
    """Return a port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

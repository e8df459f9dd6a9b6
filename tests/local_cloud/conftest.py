"""Embedded clouds of the tests' own, on free ports, in folders that vanish."""

import os
import signal
import socket
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from local_cloud import ports, processes, supervisor
from local_cloud.connection import Connection
from local_cloud.settings import LocalCloudSettings

# What a task does in these tests is written in its first argument.
TRAINING_JOB = """
    import sys
    exec(sys.argv[1])
"""
MONITOR = """
    import json, logging, os, time

    def lambda_handler(event, context):
        logging.getLogger().warning("seen %s", sorted(event))
        if event.get("raise"):
            raise LookupError(event["raise"])
        time.sleep(event.get("sleep_s", 0))
        return {"name": context.function_name, "left_ms": context.get_remaining_time_in_millis()}
"""


@dataclass(frozen=True)
class Cloud:
    """A running embedded cloud and its administrator's clients."""

    settings: LocalCloudSettings
    connection: Connection

    def client(self, service: Any, **credentials: Any) -> Any:
        """A boto3 client of the administrator, or of the given credentials."""
        own: dict[str, Any] = {
            "aws_access_key_id": self.connection.access_key_id,
            "aws_secret_access_key": self.connection.secret_access_key.get_secret_value(),
        }
        return boto3.client(
            service,
            endpoint_url=self.connection.endpoint_url,
            region_name=self.connection.region,
            **(credentials or own),
        )

    def crash(self) -> None:
        """Kill the emulator, with no chance to save anything, and start it again."""
        record = processes.find(self.settings, supervisor.EMULATOR)
        assert record
        os.kill(record.pid, signal.SIGKILL)
        eventually(lambda: record.process() is None)
        # The kernel closes a killed process's sockets a moment after the process is gone.
        eventually(lambda: ports.is_free(self.settings.port))
        supervisor.start(self.settings, say=lambda _: None)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on right now."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def eventually(probe: Callable[[], Any], *, timeout_s: float = 20.0, every_s: float = 0.1) -> Any:
    """Return the first truthy answer of ``probe``."""
    deadline = time.monotonic() + timeout_s
    while not (answer := probe()):
        assert time.monotonic() < deadline, f"still {answer!r} after {timeout_s} s"
        time.sleep(every_s)
    return answer


class UnpreparedError(Exception):
    """What a probe looks at could not be set up; no fix is to blame."""


def prepare(probe: Callable[[], Any]) -> None:
    """Wait for what a probe needs before it looks at anything."""
    try:
        eventually(probe)
    except AssertionError as err:
        raise UnpreparedError(str(err)) from err


def make_project(root: Path) -> Path:
    """Write a project whose one task runs its argument and whose one image function is tame."""
    job, monitor = root / "training_job", root / "lambdas/monitor_drift"
    for folder, name, text in ((job, "__main__.py", TRAINING_JOB), (monitor, "handler.py", MONITOR)):
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        (folder / name).write_text(textwrap.dedent(text))
    (monitor / "Dockerfile").write_text('CMD ["monitor_drift.handler.lambda_handler"]\n')
    return root


def make_settings(root: Path, packages: Path, **changes: Any) -> LocalCloudSettings:
    """Settings of a cloud in ``root`` on free ports, with packages shared between tests."""
    names = ("port", "database_port", "mlflow_port", "evidently_port")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    project = root / "project"
    return LocalCloudSettings(
        state_dir=root / "state",
        project_dir=project if project.exists() else make_project(project),
        packages_dir=packages,
        **(ports | changes),
    )


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The emulator's packages, installed once for all test processes."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if base.name.startswith("popen-") else base) / "packages"


@pytest.fixture(scope="session")
def start_cloud(tmp_path_factory: pytest.TempPathFactory, packages: Path) -> Iterator[Callable[..., Cloud]]:
    """Start clouds that end with the session."""
    started: list[LocalCloudSettings] = []

    def start(*skipped: str) -> Cloud:
        settings = make_settings(tmp_path_factory.mktemp("cloud"), packages, skipped_fixes=frozenset(skipped))
        started.append(settings)
        return Cloud(settings, supervisor.start(settings, say=lambda _: None))

    yield start
    for settings in started:
        supervisor.stop(settings, say=lambda _: None)


@pytest.fixture(scope="session")
def cloud(start_cloud: Callable[..., Cloud]) -> Cloud:
    """One embedded cloud, as users run it."""
    return start_cloud()

"""Helpers that run beside the embedded cloud, such as MLflow's server: started, found, stopped with it."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bikecast.errors import DeploymentError
from local_cloud import processes
from local_cloud.container_engine import base_environment
from local_cloud.ports import require_free
from local_cloud.remembered import remember
from local_cloud.settings import LocalCloudSettings


@dataclass(frozen=True)
class Service:
    """A long-lived program with an HTTP address on loopback.

    Attributes:
        name: How status and logs call it.
        argv: The command; it is visible to every user of the machine, so no secrets here.
        port: Where it listens.
        port_field: The field of the settings that holds the port, named when the port is taken.
        environment: Its variables, beside the search path and the like; secrets go here.
        health_path: Answers 200 once the service is ready.
        cwd: Its working folder; the project's by default.
    """

    name: str
    argv: Sequence[str]
    port: int
    port_field: str
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    health_path: str = "/"
    cwd: Path | None = None

    @property
    def url(self) -> str:
        """The address for a browser."""
        return f"http://127.0.0.1:{self.port}"

    def fingerprint(self) -> str:
        """A digest that changes with command, port or variables."""
        facts = [
            *self.argv,
            str(self.port),
            *(f"{key}={value}" for key, value in sorted(self.environment.items())),
        ]
        return hashlib.sha256("\0".join(facts).encode()).hexdigest()


def start_service(settings: LocalCloudSettings, service: Service, *, wait_s: float = 120.0) -> str:
    """Start a service, or leave the one that runs with the same command and variables; return its address.

    Args:
        settings: The embedded cloud that it belongs to.
        service: What to run.
        wait_s: How long to wait until it answers; 0 returns at once.
    Raises:
        DeploymentError: The port is taken, or it ended or did not answer in time; its log is named.
    """
    record = processes.find(settings, service.name)
    if record is None or record.process() is None or record.fingerprint != service.fingerprint():
        processes.stop(settings, service.name)
        require_free({service.port_field: service.port})
        record = processes.spawn(
            settings,
            service.name,
            argv=service.argv,
            environment=base_environment() | {"DO_NOT_TRACK": "1"} | dict(service.environment),
            cwd=service.cwd or settings.project_dir,
            url=service.url,
            fingerprint=service.fingerprint(),
        )
        remember(settings)
    if wait_s > 0:
        _await(service, record, wait_s=wait_s)
    return service.url


def is_ready(service: Service) -> bool:
    """Whether the service answers its health path."""
    client = HTTPConnection("127.0.0.1", service.port, timeout=5)
    try:
        client.request("GET", service.health_path)
        # A page that asks for a login is up.
        return client.getresponse().status in (HTTPStatus.OK, HTTPStatus.UNAUTHORIZED)
    except (OSError, HTTPException):
        return False
    finally:
        client.close()


def _await(service: Service, record: processes.ProcessRecord, *, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while not is_ready(service):
        if record.process() is None:
            raise DeploymentError(f"{service.name} ended while it started; see the end of {record.log}")
        if time.monotonic() > deadline:
            raise DeploymentError(f"{service.name} did not answer within {wait_s:.0f} s; see {record.log}")
        time.sleep(0.2)

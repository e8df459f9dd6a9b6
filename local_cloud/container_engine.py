"""Starts the process-backed container engine and waits until it answers."""

import os
import socket
import sys
import time
from pathlib import Path

from bikecast.errors import DeploymentError
from local_cloud import processes
from local_cloud.engine.images import network_environment
from local_cloud.files import code_digest, private_dir
from local_cloud.settings import Engine, LocalCloudSettings

_START_TIMEOUT_S = 20.0


def docker_host(settings: LocalCloudSettings) -> str | None:
    """Return where the emulator finds its container engine; None means the client's default.

    Our own engine is a unix socket in a private folder; the machine's is whatever the user's
    ``DOCKER_HOST`` says.
    """
    if settings.engine is Engine.PROCESS:
        return f"unix://{settings.engine_socket}"
    return os.environ.get("DOCKER_HOST")


def start_engine(settings: LocalCloudSettings, name: str) -> None:
    """Start the engine.

    Raises:
        DeploymentError: It does not answer in time; its log is named.
    """
    socket_path = settings.engine_socket
    private_dir(settings.engine_dir)
    private_dir(socket_path.parent)
    record = processes.spawn(
        settings,
        name,
        argv=[
            sys.executable, "-m", "local_cloud.engine",
            str(socket_path), str(settings.engine_dir), str(settings.project_dir),
        ],
        environment=base_environment() | {"PYTHONPATH": str(settings.project_dir)},
        cwd=settings.project_dir,
        url=f"unix://{socket_path}",
        fingerprint=fingerprint(settings),
    )  # fmt: skip
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not _answers(socket_path):
        if record.process() is None or time.monotonic() > deadline:
            raise DeploymentError(f"the container engine did not start; see {record.log}")
        time.sleep(0.05)


def fingerprint(settings: LocalCloudSettings) -> str:
    """Return a digest that changes with the engine's code and the project that it runs."""
    return f"{code_digest(Path(__file__).with_name('engine'))} {settings.project_dir}"


def base_environment() -> dict[str, str]:
    """Return what our processes take over from the caller's environment: no credentials, no profile."""
    own = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH") if key in os.environ}
    return own | network_environment()


def _answers(socket_path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(socket_path))
        except OSError:
            return False
    return True

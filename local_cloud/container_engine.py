"""Starts the process-backed container engine and waits until it answers."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from bikecast.errors import DeploymentError
from layers.base_images import ARGUMENT, BASE_IMAGES
from local_cloud import processes
from local_cloud.engine.images import TASK_IMAGE
from local_cloud.files import code_digest, private_dir
from local_cloud.network import network_environment
from local_cloud.settings import Engine, LocalCloudSettings, variable

_START_TIMEOUT_S = 20.0


def container_program(settings: LocalCloudSettings) -> str | None:
    """Return the program that runs real containers; None where tasks are processes.

    Raises:
        DeploymentError: Real containers are asked for and there is neither docker nor podman.
    """
    if settings.engine is Engine.PROCESS:
        return None
    found = shutil.which("docker") or shutil.which("podman")
    if found is None:
        raise DeploymentError(f"{variable('engine')}=docker needs docker or podman on the search path")
    return found


def build_task_image(settings: LocalCloudSettings) -> None:
    """Build the training image, where tasks are real containers.

    Raises:
        DeploymentError: The build failed; its log is named.
    """
    program = container_program(settings)
    if program is None:
        return
    log = private_dir(settings.log_dir) / "task-image.log"
    dockerfile = "training_job/Dockerfile"
    base = f"{ARGUMENT}={BASE_IMAGES[dockerfile].reference}"
    options = ["--tag", TASK_IMAGE, "--build-arg", base, "--file", str(settings.project_dir / dockerfile)]
    command = [program, "build", *options, str(settings.project_dir)]
    with log.open("wb") as output:
        done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise DeploymentError(f"the training image could not be built; see the end of {log}")


def start_engine(settings: LocalCloudSettings, name: str) -> None:
    """Start the engine.

    Raises:
        DeploymentError: It does not answer in time; its log is named.
    """
    socket_path, program = settings.engine_socket, container_program(settings)
    private_dir(settings.engine_dir)
    private_dir(socket_path.parent)
    record = processes.spawn(
        settings,
        name,
        argv=[
            sys.executable, "-m", "local_cloud.engine",
            str(socket_path), str(settings.engine_dir), str(settings.project_dir), *filter(None, [program]),
        ],
        environment=base_environment() | (_client_environment() if program else {}),
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
    return f"{code_digest(Path(__file__).with_name('engine'))} {settings.project_dir} {settings.engine}"


def base_environment() -> dict[str, str]:
    """Return what our processes take over from the caller's environment: no credentials, no profile."""
    # The last one is there while tests measure which lines they run.
    names = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "COVERAGE_PROCESS_CONFIG")
    own = {name: os.environ[name] for name in names if name in os.environ}
    return own | network_environment()


def _client_environment() -> dict[str, str]:
    """Return where docker's and podman's clients find the user's service."""
    names = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "XDG_RUNTIME_DIR", "CONTAINERS_CONF")
    return {name: os.environ[name] for name in names if name in os.environ}


def _answers(socket_path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(socket_path))
        except OSError:
            return False
    return True

"""Containers and images as Docker's API shows them."""

from typing import Any

from local_cloud.engine.containers import Container

_NO_DIGEST = f"sha256:{'0' * 64}"


def version(api_version: str) -> dict[str, str]:
    """The engine's introduction."""
    return {
        "Version": "bikecast-processes",
        "ApiVersion": api_version,
        "MinAPIVersion": "1.24",
        "Os": "linux",
        "Arch": "amd64",
    }


def image(name: str) -> dict[str, Any]:
    """An image that is a command."""
    descriptor = {"digest": _NO_DIGEST, "mediaType": "", "size": 0}
    facts = {"Id": _NO_DIGEST, "RepoTags": [name], "RepoDigests": [], "Config": {}, "Os": "linux"}
    return facts | {"Descriptor": descriptor, "Platforms": []}


def row(container: Container) -> dict[str, Any]:
    """A container in a listing."""
    return {
        "Id": container.id,
        "Names": [f"/{container.name}"],
        "Image": container.body["Image"],
        "State": container.status,
        "Labels": _labels(container),
    }


def inspection(container: Container) -> dict[str, Any]:
    """Everything about one container."""
    body = container.body
    return {
        "Id": container.id,
        "Name": f"/{container.name}",
        "Created": container.created,
        "Image": _NO_DIGEST,
        "Driver": "process",
        "Platform": "linux",
        "Mounts": [],
        "State": _state(container),
        "Config": {
            "Image": body["Image"],
            "Env": body.get("Env") or [],
            "Cmd": body.get("Cmd"),
            "Labels": _labels(container),
            "Tty": False,
        },
        "HostConfig": {**(body.get("HostConfig") or {}), "LogConfig": {"Type": "json-file", "Config": {}}},
        "NetworkSettings": {"IPAddress": "", "Ports": _ports(container), "Networks": {}},
    }


def has_labels(container: Container, wanted: list[str] | dict[str, bool]) -> bool:
    """Whether a container has every wanted label, given as ``key`` or ``key=value``."""
    labels = _labels(container)
    held = set(labels) | {f"{key}={value}" for key, value in labels.items()}
    return set(wanted) <= held


def _state(container: Container) -> dict[str, Any]:
    running = container.status == "running"
    return {
        "Status": container.status,
        "Running": running,
        "Paused": False,
        "Restarting": False,
        "OOMKilled": False,
        "Dead": False,
        "Pid": container.pid,
        "ExitCode": container.exit_code,
        "Error": "",
        "StartedAt": container.started,
        "FinishedAt": container.finished,
    }


def _ports(container: Container) -> dict[str, list[dict[str, str]]]:
    return {
        port: [{"HostIp": "127.0.0.1", "HostPort": str(number)}] for port, number in container.ports.items()
    }


def _labels(container: Container) -> dict[str, str]:
    return dict(container.body.get("Labels") or {})

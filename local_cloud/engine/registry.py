"""The containers of one engine: their names, ports and scratch folders."""

import itertools
import shutil
import socket
import threading
from pathlib import Path
from typing import Any

from local_cloud.engine.containers import Container
from local_cloud.engine.images import ImageMap, NoSuchImageError


class NoSuchContainerError(LookupError):
    """No container has this name or id."""


class NameTakenError(ValueError):
    """Another container has this name."""


class Registry:
    """Creates, finds and removes containers."""

    def __init__(self, images: ImageMap, scratch_dir: Path) -> None:
        self.images = images
        self._scratch_dir = scratch_dir
        self._containers: dict[str, Container] = {}
        self._numbers = itertools.count()  # how many there are would be a name again once one is removed
        self._lock = threading.RLock()

    def create(self, name: str | None, body: dict[str, Any]) -> Container:
        """Create a container; it is started apart.

        Raises:
            NoSuchImageError: The engine has no process for the image.
            NameTakenError: The name is in use.
        """
        image = body["Image"]
        if not self.images.knows(image):
            raise NoSuchImageError(
                f"No such image: {image}; this engine runs the project's images and postgres"
            )
        with self._lock:
            name = name or f"unnamed-{next(self._numbers)}"
            if any(name == other.name for other in self._containers.values()):
                raise NameTakenError(f"the name /{name} is in use by another container")
            ports = _ports((body.get("HostConfig") or {}).get("PortBindings") or {})
            scratch = self._scratch_dir / name
            launch = self.images.launch(body, ports=ports, scratch=scratch)
            container = Container(name=name, body=body, launch=launch, scratch=scratch, ports=ports)
            self._containers[container.id] = container
        return container

    def get(self, reference: str) -> Container:
        """Return the container with this name, id or beginning of an id.

        Raises:
            NoSuchContainerError: There is none.
        """
        for container in self.all():
            if reference in (container.name, f"/{container.name}") or container.id.startswith(reference):
                return container
        raise NoSuchContainerError(f"no such container: {reference}")

    def all(self) -> list[Container]:
        """Return every container, the oldest first."""
        with self._lock:
            return list(self._containers.values())

    def remove(self, container: Container) -> None:
        """End a container and forget it."""
        container.discard()
        with self._lock:
            self._containers.pop(container.id, None)

    def remove_volume(self, name: str) -> None:
        """Delete a volume's data."""
        shutil.rmtree(self.images.volumes_dir / name, ignore_errors=True)

    def stop_all(self) -> None:
        """Stop every container, all at once."""
        stops = [threading.Thread(target=container.stop) for container in self.all()]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()


def _ports(bindings: dict[str, list[dict[str, str]] | None]) -> dict[str, int]:
    """Map a container's ports to ports of this machine; a free one where none is asked for."""
    asked = {port: (binds or [{}])[0].get("HostPort") for port, binds in bindings.items()}
    return {port: int(number) if number else _free_port() for port, number in asked.items()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

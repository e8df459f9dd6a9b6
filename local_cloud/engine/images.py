"""Which command stands for which image: the project's own images and PostgreSQL, nothing else."""

import hashlib
import json
import os
import re
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_cloud.engine.containers import Launch
from local_cloud.engine.function_host import SECRET_VARIABLE
from local_cloud.network import network_environment, proxy_environment
from local_cloud.processes import STATE_VARIABLE

# What the training image is called where it is built for real.
TASK_IMAGE = "bikecast-training:local"
# In the engine's folder: what whoever calls an image function has to know.
SECRET_FILE = "function-secret"  # noqa: S105 - the name of a file
_POSTGRES = re.compile(r"^(.+/)?postgres(:|@|$)")
_PROJECT = re.compile(r"^.+\.dkr\.ecr\..+/.+$")
_COMMAND = re.compile(r'^CMD \["([\w.]+)"\]$', re.MULTILINE)
_HOST_ALIASES = ("host.docker.internal",)
_FUNCTION_VARIABLE = "AWS_LAMBDA_FUNCTION_NAME"
_TASK_LABEL = "com.amazonaws.ecs.task-arn"


class NoSuchImageError(LookupError):
    """No process stands for this image."""


@dataclass(frozen=True)
class ImageMap:
    """Turns a request to create a container into the process that stands for it."""

    project_dir: Path
    volumes_dir: Path
    owner: str
    function_secret: str = field(repr=False)
    container_program: str | None = None

    def knows(self, image: str) -> bool:
        """Whether this engine can run ``image``."""
        return bool(_POSTGRES.match(image) or _PROJECT.match(image))

    def launch(self, body: dict[str, Any], *, ports: dict[str, int], scratch: Path) -> Launch:
        """Return what to run for a container of a known image."""
        given = dict(entry.partition("=")[::2] for entry in body.get("Env") or [])
        environment = self._base(scratch) | {key: _reachable(value) for key, value in given.items()}
        environment[STATE_VARIABLE] = self.owner
        if _POSTGRES.match(body["Image"]):
            return self._database(body, environment, port=ports["5432/tcp"])
        if _FUNCTION_VARIABLE in given:
            return self._function(body, environment, port=ports["8080/tcp"])
        if self.container_program:
            return self._contained_task(body, given, name=scratch.name)
        return self._task(body, environment)

    def _base(self, scratch: Path) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        fixed = {"LANG": "C.UTF-8", "TZ": "UTC", "PYTHONUNBUFFERED": "1", "DO_NOT_TRACK": "1"}
        return network_environment() | fixed | {"PATH": path, "HOME": str(scratch), "TMPDIR": str(scratch)}

    def _task(self, body: dict[str, Any], environment: dict[str, str]) -> Launch:
        argv = [sys.executable, "-m", "training_job", *(body.get("Cmd") or [])]
        return Launch(argv, self._with_project(_fargate(body) | environment))

    def _contained_task(self, body: dict[str, Any], given: dict[str, str], *, name: str) -> Launch:
        """Run the task's image for real; values go through the environment, where nobody else sees them."""
        assert self.container_program
        own = {key: _reachable(value) for key, value in given.items()}
        variables = proxy_environment() | _fargate(body) | own
        name = f"bikecast-{hashlib.sha256(self.owner.encode()).hexdigest()[:8]}-{name}"
        options = ["--rm", "--init", "--network", "host", "--name", name]
        passed = [part for key in variables for part in ("--env", key)]
        argv = [self.container_program, "run", *options, *passed, TASK_IMAGE, *(body.get("Cmd") or [])]
        environment = dict(os.environ) | variables
        return Launch(argv, environment, cleanup=(self.container_program, "rm", "--force", name))

    def _function(self, body: dict[str, Any], environment: dict[str, str], *, port: int) -> Launch:
        handler = next(iter(body.get("Cmd") or []), None) or image_handler(self.project_dir)
        argv = [sys.executable, "-m", "local_cloud.engine.function_host", str(port), handler]
        code = self._with_project(environment, self.project_dir / "lambdas")
        own = {"LAMBDA_TASK_ROOT": str(self.project_dir / "lambdas"), SECRET_VARIABLE: self.function_secret}
        return Launch(argv, code | own)

    def _database(self, body: dict[str, Any], environment: dict[str, str], *, port: int) -> Launch:
        argv = [sys.executable, "-m", "local_cloud.engine.postgres", str(port), str(self._volume(body))]
        return Launch(argv, self._with_project(environment), stop_signal=signal.SIGINT, restarts=True)

    def _with_project(self, environment: dict[str, str], *first: Path) -> dict[str, str]:
        return environment | {"PYTHONPATH": os.pathsep.join(map(str, (*first, self.project_dir)))}

    def _volume(self, body: dict[str, Any]) -> Path:
        host = body.get("HostConfig") or {}
        names = [bind.partition(":")[0] for bind in host.get("Binds") or []]
        names += [mount["Source"] for mount in host.get("Mounts") or [] if mount.get("Source")]
        return self.volumes_dir / re.sub(r"[^\w.-]", "_", next(iter(names), "unnamed"))


def _reachable(value: str) -> str:
    """Point a container's name for its host at this machine, where the process runs."""
    for alias in _HOST_ALIASES:
        value = value.replace(alias, "127.0.0.1")
    return value


def _fargate(body: dict[str, Any]) -> dict[str, str]:
    """Return what Fargate adds to a task's environment."""
    region = _region((body.get("Labels") or {}).get(_TASK_LABEL, ""))
    return {"AWS_REGION": region, "AWS_DEFAULT_REGION": region} if region else {}


def _region(arn: str) -> str:
    parts = arn.split(":")
    return parts[3] if len(parts) > 3 else ""


def image_handler(project_dir: Path) -> str:
    """Return the handler that the project's one function image names in its Dockerfile.

    Raises:
        NoSuchImageError: None or several do; then the stack has to name the command.
    """
    found = [
        match.group(1)
        for path in sorted(project_dir.glob("lambdas/*/Dockerfile"))
        for match in _COMMAND.finditer(path.read_text(encoding="utf-8"))
    ]
    if len(found) != 1:
        raise NoSuchImageError(
            f"expected one handler in lambdas/*/Dockerfile, found {found}; set the image's cmd"
        )
    return found[0]


def body_of(raw: bytes) -> dict[str, Any]:
    """Return the JSON object of a request's body; an empty one for anything else."""
    value = json.loads(raw) if raw[:1] == b"{" else {}
    return dict(value)

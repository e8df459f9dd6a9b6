"""Tasks in real containers: what docker or podman would be asked, recorded by a program in their place."""

import json
import os
import shlex
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from bikecast.errors import DeploymentError
from local_cloud import container_engine, processes
from local_cloud.engine.images import TASK_IMAGE
from local_cloud.settings import Engine, LocalCloudSettings
from tests.local_cloud.conftest import make_settings
from tests.local_cloud.test_engine import IMAGE

# Stands for docker: notes each call, and runs a task's code with the variables that were passed.
PROGRAM = """
import json, os, sys
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
if sys.argv[1] == "run":
    exec(sys.argv[-1])
"""


@pytest.fixture
def settings(tmp_path: Path, packages: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalCloudSettings]:
    program = tmp_path / "bin/docker"
    program.parent.mkdir()
    code = program.with_suffix(".py")
    code.write_text(PROGRAM)
    # Not the interpreter in the first line of the code: a path there must not hold a blank.
    program.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, str(code)])} "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_CONFIG", "theirs")
    settings = make_settings(tmp_path, packages, engine=Engine.DOCKER)
    yield settings
    processes.stop(settings, "engine")


def test_the_image_is_built_and_tasks_run_in_it(
    settings: LocalCloudSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = tmp_path / "calls"
    monkeypatch.setenv("CALLS", str(calls))
    container_engine.build_task_image(settings)
    container_engine.start_engine(settings, "engine")
    client = docker.DockerClient(base_url=f"unix://{settings.engine_socket}")
    variables = {"PASSWORD": "s3cret", "CALLS": str(calls)}
    code = "import os; print(os.environ['PASSWORD'], os.environ['DOCKER_CONFIG']); sys.exit(5)"
    container = client.containers.run(IMAGE, [code], detach=True, environment=variables)
    assert container.wait()["StatusCode"] == 5
    assert container.logs() == b"s3cret theirs\n"
    client.close()
    build, run, remove = (json.loads(line) for line in calls.read_text().splitlines())
    assert build[:3] == ["build", "--tag", TASK_IMAGE]
    assert run[run.index("--network") + 1] == "host"
    assert not [part for part in run if "s3cret" in part]
    assert remove == ["rm", "--force", run[run.index("--name") + 1]]


def test_without_docker_or_podman_the_switch_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    settings: Any = LocalCloudSettings(state_dir=tmp_path, engine=Engine.DOCKER)
    with pytest.raises(DeploymentError, match="BIKECAST_LOCAL_ENGINE=docker needs docker or podman"):
        container_engine.build_task_image(settings)

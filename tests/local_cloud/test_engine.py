"""The container engine, as Docker's own client sees it."""

import json
import os
import signal
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import psutil
import pytest
from docker.errors import APIError, ImageNotFound

from local_cloud import container_engine, processes
from local_cloud.settings import LocalCloudSettings
from tests.local_cloud.conftest import eventually, make_settings

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/assets:1"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, packages: Path) -> Iterator[LocalCloudSettings]:
    settings = make_settings(tmp_path_factory.mktemp("engine"), packages)
    container_engine.start_engine(settings, "engine")
    yield settings
    processes.stop(settings, "engine")


@pytest.fixture
def engine(settings: LocalCloudSettings) -> Iterator[Any]:
    client = docker.DockerClient(base_url=f"unix://{settings.engine_socket}")
    yield client
    for container in client.containers.list(all=True):
        container.remove(force=True)
    client.close()


def run(engine: Any, code: str, **options: Any) -> Any:
    return engine.containers.run(IMAGE, [code], detach=True, **options)


def test_only_this_user_can_reach_the_engine(settings: LocalCloudSettings) -> None:
    assert stat.S_IMODE(settings.engine_socket.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(settings.engine_socket.stat().st_mode) == 0o600


def test_a_task_gets_command_and_environment_and_its_lines_are_kept(engine: Any) -> None:
    code = "import os, sys; print(os.environ['WHO']); print('oops', file=sys.stderr); sys.exit(3)"
    container = run(engine, code, environment={"WHO": "me"})
    assert container.wait()["StatusCode"] == 3
    assert container.logs(stdout=True, stderr=False) == b"me\n"
    assert container.logs(stdout=False, stderr=True) == b"oops\n"


def test_a_task_sees_neither_the_engines_environment_nor_a_containers_host_name(engine: Any) -> None:
    code = "import os; print(sorted(os.environ)); print(os.environ['AWS_ENDPOINT_URL'])"
    container = run(engine, code, environment={"AWS_ENDPOINT_URL": "http://host.docker.internal:4566"})
    container.wait()
    names, endpoint = container.logs(stderr=False).decode().splitlines()
    assert endpoint == "http://127.0.0.1:4566"
    assert not [
        name for name in json.loads(names.replace("'", '"')) if "PASSWORD" in name or "PYTEST" in name
    ]


def test_lines_can_be_followed_while_the_task_runs(engine: Any) -> None:
    container = run(engine, "import time\nfor i in range(3): print(i, flush=True); time.sleep(.1)")
    assert b"".join(container.logs(stream=True, follow=True)) == b"0\n1\n2\n"


def test_a_stopped_task_may_say_goodbye(engine: Any) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit(7)))\n"
        "print('up', flush=True); time.sleep(60)"
    )
    container = run(engine, code)
    next(container.logs(stream=True))
    container.stop(timeout=5)
    container.reload()
    assert (container.status, container.attrs["State"]["ExitCode"]) == ("exited", 7)
    assert container.logs() == b"up\nbye\n"


def test_a_task_that_does_not_listen_is_killed_with_all_it_started(engine: Any) -> None:
    code = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "argv = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "child = subprocess.Popen(argv, start_new_session=True)\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    container = run(engine, code)
    grandchild = int(next(container.logs(stream=True)))
    container.stop(timeout=0.5)
    container.reload()
    assert container.attrs["State"]["ExitCode"] == 128 + signal.SIGKILL
    eventually(lambda: not psutil.pid_exists(grandchild), timeout_s=5)


def test_what_a_task_leaves_behind_ends_with_it(engine: Any) -> None:
    code = (
        "import subprocess, sys\n"
        "argv = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "print(subprocess.Popen(argv, start_new_session=True, stdout=subprocess.DEVNULL,"
        " stderr=subprocess.DEVNULL).pid)"
    )
    container = run(engine, code)
    assert container.wait()["StatusCode"] == 0
    assert not psutil.pid_exists(int(container.logs(stderr=False)))


def test_a_name_is_given_once_and_an_unknown_image_is_not_found(engine: Any) -> None:
    run(engine, "pass", name="twin")
    with pytest.raises(APIError, match="in use"):
        run(engine, "pass", name="twin")
    with pytest.raises(ImageNotFound):
        engine.containers.run("nginx:latest", detach=True)


def test_containers_without_a_name_never_meet_whatever_was_removed(engine: Any) -> None:
    first, _, third = (engine.containers.create(IMAGE, ["pass"]) for _ in range(3))
    first.remove()
    again = engine.containers.create(IMAGE, ["pass"])
    assert again.name != third.name


def test_containers_are_found_by_label(engine: Any) -> None:
    run(engine, "import time; time.sleep(60)", labels={"kind": "a"})
    assert len(engine.containers.list(filters={"label": ["kind=a"]})) == 1
    assert not engine.containers.list(filters={"label": ["kind=b"]})


def test_a_function_image_answers_like_awss_runtime_emulator_whoever_knows_the_secret(
    engine: Any, settings: LocalCloudSettings
) -> None:
    container = engine.containers.run(
        IMAGE,
        detach=True,
        environment={"AWS_LAMBDA_FUNCTION_NAME": "monitor", "AWS_LAMBDA_FUNCTION_TIMEOUT": "9"},
        ports={"8080/tcp": ("127.0.0.1", None)},
    )
    container.reload()
    port = container.ports["8080/tcp"][0]["HostPort"]

    def invoke(event: dict[str, Any], secret: str = "") -> Any:
        url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        request = urllib.request.Request(url, json.dumps(event).encode(), {"X-Bikecast-Secret": secret})
        return json.loads(urllib.request.urlopen(request, timeout=5).read())

    eventually(lambda: port_answers(int(port)))
    for guess in ("", "wrong"):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            invoke({"a": 0}, guess)
    left = settings.engine_dir / "function-secret"
    assert stat.S_IMODE(left.stat().st_mode) == 0o600
    secret = left.read_text()
    answer = invoke({"a": 1}, secret)
    assert answer["name"] == "monitor"
    assert 8_000 < answer["left_ms"] <= 9_000
    failed = invoke({"raise": "gone"}, secret)
    assert (failed["errorType"], failed["errorMessage"]) == ("LookupError", "gone")
    assert "lambda_handler" in failed["stackTrace"][0]
    assert b"seen ['a']" in container.logs()


def port_answers(port: int) -> bool:
    return any(c.laddr.port == port and c.status == "LISTEN" for c in psutil.net_connections("tcp"))


def test_nothing_survives_the_engine_when_it_is_killed(tmp_path: Path, packages: Path) -> None:
    settings = make_settings(tmp_path, packages)
    container_engine.start_engine(settings, "engine")
    client = docker.DockerClient(base_url=f"unix://{settings.engine_socket}")
    container = run(client, "import os, time; print(os.getpid(), flush=True); time.sleep(60)")
    task = int(next(container.logs(stream=True)))
    client.close()
    record = processes.find(settings, "engine")
    assert record
    os.kill(record.pid, signal.SIGKILL)
    eventually(lambda: not psutil.pid_exists(task), timeout_s=15)
    processes.stop(settings, "engine")
    # What watched the task ends after it.
    eventually(lambda: not processes.strays(settings), timeout_s=15)


def test_a_path_too_long_for_a_socket_moves_the_socket(tmp_path: Path) -> None:
    deep = LocalCloudSettings(state_dir=tmp_path / ("x" * 120))
    assert len(bytes(deep.engine_socket)) < 108


def test_the_engine_says_what_it_cannot_do(engine: Any) -> None:
    with pytest.raises(APIError, match="does not know"):
        engine.swarm.init()

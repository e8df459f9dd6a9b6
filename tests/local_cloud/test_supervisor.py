"""Start and stop, from any half-finished state."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from bikecast.errors import DeploymentError
from local_cloud import connection, processes, supervisor
from local_cloud.fidelity.durability import unsaved
from local_cloud.services import Service, start_service
from local_cloud.settings import ENV_PREFIX, LocalCloudSettings
from tests.local_cloud import aws
from tests.local_cloud.conftest import Cloud, eventually, free_ports, make_settings


@pytest.fixture
def settings(tmp_path: Path, packages: Path) -> Any:
    settings = make_settings(tmp_path, packages)
    yield settings
    supervisor.stop(settings, say=lambda _: None)


def kill(settings: LocalCloudSettings, name: str) -> None:
    record = processes.find(settings, name)
    assert record
    os.kill(record.pid, signal.SIGKILL)
    eventually(lambda: record.process() is None)
    if name == supervisor.EMULATOR:  # its threads hold the port for a moment longer than it lives
        eventually(lambda: not is_listening(settings.port))


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def client(settings: LocalCloudSettings, service: Any) -> Any:
    return Cloud(settings, connection.load(settings.state_dir)).client(service)


def family(settings: LocalCloudSettings) -> list[psutil.Process]:
    roots = [process for record in processes.records(settings) if (process := record.process())]
    return [*roots, *(child for root in roots for child in root.children(recursive=True))]


def test_what_was_acknowledged_survives_killing_each_process(settings: LocalCloudSettings) -> None:
    said: list[str] = []
    supervisor.start(settings, say=said.append)
    queue = client(settings, "sqs").create_queue(QueueName="kept")["QueueUrl"]
    client(settings, "s3").create_bucket(Bucket="kept")
    client(settings, "s3").put_object(Bucket="kept", Key="a", Body=b"1")
    cloud = Cloud(settings, connection.load(settings.state_dir))
    waiting = {
        "StartAt": "W",
        "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True, "Comment": "kept"}},
    }
    execution = aws.start(cloud, aws.machine(cloud, waiting), kept=1)
    saved = [settings.emulator_dir / f"state/{service}.json" for service in ("sqs", "s3", "stepfunctions")]
    eventually(lambda: all(path.exists() and "kept" in path.read_text() for path in saved))
    eventually(lambda: execution in saved[-1].read_text())
    for name in (supervisor.EMULATOR, supervisor.ENGINE):
        kill(settings, name)
        assert not all(component.running for component in supervisor.status(settings))
        supervisor.start(settings, say=said.append)
        assert f"{name} has died; clearing up after it" in said
    assert client(settings, "sqs").list_queues()["QueueUrls"] == [queue]
    assert client(settings, "s3").get_object(Bucket="kept", Key="a")["Body"].read() == b"1"
    going_on = client(settings, "stepfunctions").describe_execution(executionArn=execution)
    assert going_on["status"] == "RUNNING"
    started = family(settings)
    assert supervisor.stop(settings, say=said.append)
    assert [process for process in started if process.is_running()] == []
    assert not processes.strays(settings)
    assert not supervisor.stop(settings, say=said.append)


def test_a_second_start_changes_nothing_and_credentials_stay(settings: LocalCloudSettings) -> None:
    first = supervisor.start(settings, say=lambda _: None)
    before = [component.pid for component in supervisor.status(settings)]
    assert supervisor.start(settings, say=lambda _: None) == first
    assert [component.pid for component in supervisor.status(settings)] == before
    path = settings.root / "connection.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert settings.root.stat().st_mode & 0o777 == 0o700


@contextmanager
def stranger(port: int) -> Iterator[None]:
    """Somebody else's program on a port."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", port))
        holder.listen()
        yield


def test_a_start_that_finds_its_ports_taken_names_them_all_and_leaves_nothing(
    settings: LocalCloudSettings,
) -> None:
    with stranger(settings.port), stranger(settings.mlflow_port):
        with pytest.raises(DeploymentError) as caught:
            supervisor.start(settings, say=lambda _: None)
        assert f"port {settings.port} for the AWS API (BIKECAST_LOCAL_PORT) is taken by" in str(caught.value)
        assert f"port {settings.mlflow_port} for MLflow" in str(caught.value)
        assert supervisor.running(settings) is None
        assert not processes.members(settings)


def test_a_healthy_cloud_is_not_stopped_for_ports_that_are_taken(settings: LocalCloudSettings) -> None:
    reached = supervisor.start(settings, say=lambda _: None)
    before = [component.pid for component in supervisor.status(settings)]
    (other,) = free_ports(1)
    moved = settings.model_copy(update={"port": other})
    with stranger(other), pytest.raises(DeploymentError, match=f"port {other} for the AWS API"):
        supervisor.start(moved, say=lambda _: None)
    assert [component.pid for component in supervisor.status(settings)] == before
    assert supervisor.running(moved) == supervisor.running(settings) == reached
    kill(settings, supervisor.EMULATOR)
    with stranger(settings.port):
        assert supervisor.running(settings) is None


def test_a_start_that_fails_half_way_stops_what_it_started(
    settings: LocalCloudSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise DeploymentError("the emulator did not start")

    monkeypatch.setattr("local_cloud.emulator.start", fail)
    with pytest.raises(DeploymentError, match="did not start"):
        supervisor.start(settings, say=lambda _: None)
    assert not processes.members(settings)
    assert not connection.exists(settings.root)


def test_the_cloud_outlives_the_command_that_started_it(settings: LocalCloudSettings) -> None:
    fields = (
        "state_dir", "project_dir", "packages_dir", "port", "database_port", "mlflow_port", "evidently_port"
    )  # fmt: skip
    environment = {f"{ENV_PREFIX}{field.upper()}": str(getattr(settings, field)) for field in fields}
    command = [sys.executable, "-m", "local_cloud"]

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*command, *arguments],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    assert run("status").returncode == 3
    up = run("up")
    assert up.returncode == 0, up.stderr
    assert "ready after" in up.stderr
    listed = json.loads(run("status", "--json").stdout)
    assert {component["name"] for component in listed} == {"emulator", "engine"}
    assert all(component["running"] for component in listed)
    for name in set(environment) - {"BIKECAST_LOCAL_STATE_DIR", "BIKECAST_LOCAL_PROJECT_DIR"}:
        del environment[name]
    again = run("up", "--json")
    assert "is running at " + settings.endpoint_url in again.stderr
    assert json.loads(again.stdout) == listed
    assert "stopped" in run("down").stderr
    assert run("status").returncode == 3


def test_services_stop_with_the_cloud_and_restart_only_when_changed(settings: LocalCloudSettings) -> None:
    (port,) = free_ports(1)
    argv = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    service = Service("pages", argv, port, "mlflow_port", {"SECRET": "s3cret"})
    assert start_service(settings, service) == f"http://127.0.0.1:{port}"
    record = processes.find(settings, "pages")
    assert record
    start_service(settings, service)
    assert processes.find(settings, "pages") == record
    start_service(settings, Service("pages", argv, port, "mlflow_port", {"SECRET": "other"}))
    assert processes.find(settings, "pages") != record
    assert "s3cret" not in repr(service)
    supervisor.stop(settings, say=lambda _: None)
    assert not processes.records(settings)
    broken = Service("broken", [sys.executable, "-c", "raise SystemExit(1)"], port, "mlflow_port")
    with pytest.raises(DeploymentError, match="ended while it started"):
        start_service(settings, broken)
    assert not processes.stop(settings, "broken")


def test_a_cloud_that_never_was_is_named() -> None:
    with pytest.raises(DeploymentError, match="python -m local_cloud up"):
        connection.load(Path("/nonexistent"))


def test_state_that_cannot_be_written_is_tried_again_and_told_after_a_crash(
    settings: LocalCloudSettings,
) -> None:
    supervisor.start(settings, say=lambda _: None)
    saved, blocked = (settings.state_folder / name for name in ("sqs.json", "sqs.json.saving"))
    blocked.mkdir()  # stands for a full disk: nothing can be written there
    client(settings, "sqs").create_queue(QueueName="first")
    eventually(lambda: unsaved.read(settings.state_folder) == "sqs")
    blocked.rmdir()
    eventually(lambda: saved.exists() and "first" in saved.read_text())
    eventually(lambda: unsaved.read(settings.state_folder) == "")
    blocked.mkdir()
    client(settings, "sqs").create_queue(QueueName="lost")
    eventually(lambda: unsaved.read(settings.state_folder) == "sqs")
    kill(settings, "emulator")
    blocked.rmdir()
    said: list[str] = []
    supervisor.start(settings, say=said.append)
    assert [line for line in said if "state of sqs could not be written" in line]
    again: list[str] = []
    supervisor.start(settings, say=again.append)
    assert not [line for line in again if "could not be written" in line]

"""An embedded cloud of one's own, for end-to-end tests and for benchmarks: deployed, used, gone."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import psycopg

PROJECT = Path(__file__).resolve().parents[1]
BIKECAST = Path(sys.executable).with_name("bikecast")
COMMAND_TIMEOUT_S = 600


@dataclass
class Deployment:
    """The deployed stacks, as a person with the console and the AWS command line would see them."""

    env: dict[str, str]
    state_dir: Path
    log: Path
    project: Path = PROJECT
    command: Path = BIKECAST

    def bikecast(self, *args: str, expect: int = 0) -> Any:
        """Run the console with ``--json`` and return what it printed."""
        done = subprocess.run(
            [str(self.command), *args, "--json"],
            cwd=self.project,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
        with self.log.open("a") as log:
            log.write(f"$ bikecast {' '.join(args)}\n{done.stdout}\n{done.stderr}\n")
        assert done.returncode == expect, (
            f"bikecast {args} ended with {done.returncode}:\n{done.stderr[-4000:]}"
        )
        return json.loads(done.stdout) if done.stdout.strip() else None

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """``bikecast outputs``."""
        return dict(self.bikecast("outputs"))

    @property
    def endpoint_url(self) -> str:
        """Where this cloud's AWS API listens."""
        return f"http://127.0.0.1:{self.env['BIKECAST_LOCAL_PORT']}"

    def client(self, service: Any) -> Any:
        """A boto3 client with the administrator's credentials."""
        from local_cloud.connection import load

        connection = load(self.state_dir)
        return boto3.client(
            service,
            endpoint_url=connection.endpoint_url,
            region_name=connection.region,
            aws_access_key_id=connection.access_key_id,
            aws_secret_access_key=connection.secret_access_key.get_secret_value(),
        )

    def execute(self, machine: str, payload: object, *, timeout_s: float = 300) -> dict[str, Any]:
        """Run a state machine to its end and return its description."""
        states = self.client("stepfunctions")
        arn = states.start_execution(
            stateMachineArn=self.outputs[f"{machine}_state_machine"], input=json.dumps(payload)
        )["executionArn"]
        return self.finished(arn, timeout_s=timeout_s)

    def finished(self, arn: str, *, timeout_s: float = 300) -> dict[str, Any]:
        """Wait for an execution and return its description."""
        states = self.client("stepfunctions")

        def ended() -> dict[str, Any] | None:
            found = dict(states.describe_execution(executionArn=arn))
            return None if found["status"] == "RUNNING" else found

        return dict(eventually(ended, timeout_s=timeout_s))

    def entered_states(self, arn: str) -> list[str]:
        """The names of the states that an execution has entered, in order."""
        history = self.client("stepfunctions").get_execution_history(executionArn=arn, maxResults=1000)
        events = (event.get("stateEnteredEventDetails") for event in history["events"])
        return [event["name"] for event in events if event is not None]

    def champion(self) -> dict[str, Any]:
        """The manifest that the predictor follows."""
        body = self.client("s3").get_object(
            Bucket=self.outputs["buckets"]["model-serving"], Key="champion.json"
        )
        return dict(json.loads(body["Body"].read()))

    def sql(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Query the deployment's database."""
        place = self.outputs["database"]
        with psycopg.connect(
            host=place["host"],
            port=place["port"],
            dbname=place["name"],
            user=place["user"],
            password=self.password_of(place["user"]),
            connect_timeout=5,
        ) as connection:
            return connection.execute(query, parameters).fetchall()

    def password_of(self, user: str) -> str:
        """Return the password that the secrets have for a login of the database."""
        secrets = self.client("secretsmanager")
        names = [s["Name"] for s in secrets.list_secrets()["SecretList"]]
        values = (json.loads(secrets.get_secret_value(SecretId=n)["SecretString"]) for n in names)
        return next(str(v["password"]) for v in values if v.get("username") == user)


def eventually(probe: Callable[[], Any], *, timeout_s: float = 60, every_s: float = 0.5) -> Any:
    """Return the first truthy answer of ``probe``; fail with the last one when time is up."""
    deadline = time.monotonic() + timeout_s
    while not (answer := probe()):
        assert time.monotonic() < deadline, f"still {answer!r} after {timeout_s} s"
        time.sleep(every_s)
    return answer


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on right now."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _environment(state_dir: Path) -> dict[str, str]:
    fields = ("PORT", "HTTPS_PORT", "DATABASE_PORT", "MLFLOW_PORT", "EVIDENTLY_PORT")
    ports = zip(fields, free_ports(len(fields)), strict=True)
    return {
        **os.environ,
        "BIKECAST_LOCAL_STATE_DIR": str(state_dir),
        **{f"BIKECAST_LOCAL_{name}": str(port) for name, port in ports},
    }


@contextmanager
def deployed(
    *, logs: str, bare: bool = False, project: Path = PROJECT, traces: bool = False, **settings: str
) -> Iterator[Deployment]:
    """Deploy a cloud without data, or none if ``bare``; its logs are kept in ``.local/<logs>`` when it goes.

    ``project`` is the clone whose code is deployed; with ``traces`` the cloud keeps those of its functions
    and steps; ``settings`` are fields of ``LocalCloudSettings``.
    """
    state_dir = Path(tempfile.mkdtemp(prefix="bikecast-e2e-"))
    chosen = {f"BIKECAST_LOCAL_{name.upper()}": value for name, value in settings.items()}
    environment = _environment(state_dir) | chosen | ({"BIKECAST_TRACES": "embedded"} if traces else {})
    command = BIKECAST if project == PROJECT else project / ".venv/bin/bikecast"
    log = state_dir / "console.log"
    cloud = Deployment(environment, state_dir, log=log, project=project, command=command)
    try:
        cloud.bikecast("up")
        if not bare:
            cloud.bikecast("deploy")
        yield cloud
    finally:
        cloud.bikecast("down")
        _keep_logs(state_dir, PROJECT / ".local" / logs)


def _keep_logs(state_dir: Path, kept: Path) -> None:
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    for path in [state_dir / "console.log", *(state_dir / "logs").glob("*")]:
        if path.is_file():
            shutil.copy(path, kept)
    shutil.rmtree(state_dir)

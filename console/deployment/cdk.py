"""The CDK's command line: where it is, what it runs in, and what it says while it deploys."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bikecast.errors import DeploymentError
from bikecast.names import Target
from console import ui
from console.cloud.environment import program, search_path
from console.cloud.processes import run_logged
from console.cloud.session import Cloud, local_settings
from console.settings import CLONE

if TYPE_CHECKING:
    from local_cloud.connection import Connection

TOOLKIT_STACK = "CDKToolkit"
# "bikecast-storage |  3/12 | 12:00:00 AM | CREATE_COMPLETE | AWS::S3::Bucket | Data (Data1234)"
STACK_EVENT = re.compile(r"^(?P<stack>bikecast-[\w-]+) \|\s*(?P<done>\d+)(/(?P<all>\d+))? \|")
STACK_DONE = re.compile(r"✅\s+(?P<stack>bikecast-[\w-]+)(?P<unchanged> \(no changes\))?")


@dataclass(frozen=True)
class CdkStep:
    """One program of a deployment; ``detail`` says what it does before it says so itself."""

    title: str
    command: tuple[str, ...]
    detail: str = ""
    folder: Path = CLONE

    def run(self, environment: dict[str, str]) -> None:
        log_path = local_settings().log_dir / f"{self.title.lower().replace(' ', '-')}.log"
        with ui.activity(self.title) as current:
            progress = _StackProgress(current, detail=self.detail)
            run_logged(
                self.command,
                log_path=log_path,
                cwd=self.folder,
                environment=environment,
                on_line=progress,
            )


def cdk_program(target: Target) -> str:
    """Return the path of the CDK's command line: its LocalStack wrapper for emulators, the plain one on AWS.

    Raises:
        DeploymentError: The npm tools are not installed.
    """
    name = "cdk" if target is Target.AWS else "cdklocal"
    path = CLONE / "node_modules" / ".bin" / name
    if not path.exists():
        raise DeploymentError(f"{name} is not installed in node_modules: run `make setup`")
    return str(path)


def cdk_environment(cloud: Cloud) -> dict[str, str]:
    """Return the environment of the CDK's command line: our Node first, and an emulator's address and login.

    The emulator's variables are made from the session that boto3 uses, so that both talk to the same cloud.
    """
    environment = dict(os.environ) | {
        "PATH": search_path(),
        "JSII_NODE": str(program("node")),
        "CI": "true",
        "NO_COLOR": "1",
        "DO_NOT_TRACK": "1",
    }
    if cloud.endpoint_url is None:
        return environment
    return emulator_connection(cloud, cloud.endpoint_url).child_environment(environment)


def emulator_connection(cloud: Cloud, endpoint_url: str) -> "Connection":
    """Return how a program that is not Python reaches the emulator of a session."""
    from local_cloud.connection import Connection

    credentials = cloud.session.get_credentials()
    assert credentials is not None  # find_cloud gives every emulator's session a login
    return Connection(
        endpoint_url=endpoint_url,
        access_key_id=credentials.access_key,
        secret_access_key=SecretStr(credentials.secret_key),
        region=cloud.session.region_name,
        account_id=account_of(cloud),
    )


def environment_of(cloud: Cloud) -> str:
    """Return the account and region to deploy to, the way the CDK writes them."""
    return f"aws://{account_of(cloud)}/{cloud.session.region_name}"


def account_of(cloud: Cloud) -> str:
    """Return the account that the credentials belong to."""
    sts = cloud.session.client("sts", endpoint_url=cloud.endpoint_url)
    return sts.get_caller_identity()["Account"]


def is_bootstrapped(cloud: Cloud) -> bool:
    """Tell whether the CDK's own stack stands in this account and region."""
    from botocore.exceptions import ClientError

    try:
        [stack] = cloud.cloudformation.describe_stacks(StackName=TOOLKIT_STACK)["Stacks"]
    except ClientError as err:
        if err.response["Error"]["Code"] == "ValidationError":
            return False
        raise
    return stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")


class _StackProgress:
    """Turns the CDK's event lines into progress: one line for each finished stack."""

    def __init__(self, activity: ui.Activity, *, detail: str) -> None:
        self._activity = activity
        self._detail = detail
        self._finished: set[str] = set()

    def __call__(self, line: str) -> None:
        finished = STACK_DONE.search(line)
        if finished and finished["stack"] not in self._finished:
            self._finished.add(finished["stack"])
            self._activity.step(finished["stack"] + (finished["unchanged"] or ""))
        event = STACK_EVENT.match(line)
        if event:
            self._detail = f"{event['stack']}: {_progress(int(event['done']), event['all'])}"
        self._activity.update(self._detail)


def _progress(done: int, of_all: str | None) -> str:
    """Say how many resources are done; an update counts more events than it has resources."""
    return f"{done} of {of_all} resources" if of_all and done <= int(of_all) else f"{done} events"

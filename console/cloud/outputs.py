"""Outputs of the stacks: addresses, names and keys, read from CloudFormation."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from bikecast.errors import DeploymentError
from bikecast.names import (
    SHARED_STACKS,
    USE_CASE_STACKS,
    Bucket,
    Output,
    environment_of_stack,
    stack_name,
)
from console.cloud.session import Cloud
from console.settings import environment, use_case

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


BUCKET_OUTPUTS = {
    Bucket.DATA: Output.DATA_BUCKET,
    Bucket.ARTIFACTS: Output.ARTIFACTS_BUCKET,
    Bucket.SERVING: Output.SERVING_BUCKET,
    Bucket.REPORTS: Output.REPORTS_BUCKET,
}


@dataclass(frozen=True)
class StackOutputs:
    """Outputs of all our stacks, by logical id."""

    values: Mapping[str, str]

    def get(self, output: Output) -> str | None:
        """Return the value, or ``None`` if no stack has it."""
        return self.values.get(output)

    def require(self, output: Output) -> str:
        """Return the value.

        Raises:
            DeploymentError: No stack has it.
        """
        value = self.values.get(output)
        if value is None:
            raise DeploymentError(f"no stack puts out `{output}`: deploy with `bikecast deploy` first")
        return value


@dataclass(frozen=True)
class Stack:
    """One live stack."""

    name: str
    status: str
    changed_at: dt.datetime
    outputs: Mapping[str, str]

    def describe(self) -> dict[str, str]:
        """Return what a person wants to know of it."""
        return {
            "stack": self.name,
            "status": self.status,
            "changed": self.changed_at.isoformat(timespec="seconds"),
        }


class DatabaseLocation(BaseModel):
    """Where Postgres listens and who may log in; the password stays in its secret."""

    model_config = ConfigDict(frozen=True)

    host: str | None = None
    port: int | None = None
    name: str | None = None
    user: str | None = None


class ConsoleOutputs(BaseModel):
    """Everything that a person or a script needs to find; ``None`` where nothing is deployed or running."""

    model_config = ConfigDict(frozen=True)

    api_url: str | None = None
    api_url_https: str | None = None
    ca_file: str | None = None
    api_key: str | None = None
    training_key: str | None = None
    retrain_state_machine: str | None = None
    ingest_state_machine: str | None = None
    monitor_state_machine: str | None = None
    buckets: dict[str, str | None] = {}
    database: DatabaseLocation = DatabaseLocation()
    log_groups: dict[str, str] = {}
    mlflow_url: str | None = None
    mlflow_user: str | None = None
    mlflow_password: str | None = None
    evidently_url: str | None = None
    dashboard_url: str | None = None


def read_stacks(client: "CloudFormationClient") -> list[Stack]:
    """Return the stacks of the chosen environment that are not deleted."""
    pages = client.get_paginator("describe_stacks").paginate()
    found = [stack for page in pages for stack in page["Stacks"]]
    chosen = environment()
    return [
        Stack(
            name=stack["StackName"],
            status=stack["StackStatus"],
            changed_at=stack.get("LastUpdatedTime", stack["CreationTime"]),
            outputs={item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])},
        )
        for stack in found
        if environment_of_stack(stack["StackName"]) == chosen and stack["StackStatus"] != "DELETE_COMPLETE"
    ]


def read_stack_outputs(client: "CloudFormationClient") -> StackOutputs:
    """Return the outputs of the stacks of the chosen use case and of those that all share.

    Log groups of all these stacks are merged.
    """
    chosen = use_case()
    wanted = {
        stack_name(concern, chosen, environment=environment())
        for concern in (*SHARED_STACKS, *USE_CASE_STACKS)
    }
    values: dict[str, str] = {}
    log_groups: dict[str, str] = {}
    for stack in read_stacks(client):
        if stack.name not in wanted:
            continue
        log_groups |= parse_log_groups(stack.outputs.get(Output.LOG_GROUPS, ""))
        values |= stack.outputs
    if log_groups:
        values[Output.LOG_GROUPS] = json.dumps(log_groups)
    return StackOutputs(values)


def parse_log_groups(text: str) -> dict[str, str]:
    """Read the ``LogGroups`` output, a JSON object of role to log group; anything else is empty.

    Raises:
        DeploymentError: The output is not a JSON object.
    """
    if not text:
        return {}
    try:
        return {str(role): str(group) for role, group in json.loads(text).items()}
    except (ValueError, AttributeError) as err:
        raise DeploymentError(
            f"stack output `{Output.LOG_GROUPS}` is not a JSON object: {text[:200]!r}"
        ) from err


def api_url(outputs: StackOutputs, *, endpoint_url: str | None) -> str | None:
    """Return the API's base address without a trailing slash; emulators serve it under their endpoint."""
    if endpoint_url is None:
        url = outputs.get(Output.API_URL)
        return url.rstrip("/") if url else None
    api_id, stage = outputs.get(Output.API_ID), outputs.get(Output.API_STAGE)
    return f"{endpoint_url}/_aws/execute-api/{api_id}/{stage}" if api_id and stage else None


def api_key(cloud: Cloud, outputs: StackOutputs, *, which: Output = Output.API_KEY_ID) -> str | None:
    """Return the value of an API key that the serving stack made, asked from API Gateway."""
    key_id = outputs.get(which)
    return cloud.apigateway.get_api_key(apiKey=key_id, includeValue=True)["value"] if key_id else None


def console_outputs(cloud: Cloud, *, pages: Mapping[str, str]) -> ConsoleOutputs:
    """Gather everything of one cloud.

    Args:
        cloud: Where to ask.
        pages: What is told of the user interfaces that run beside it, by field.
    """
    outputs = read_stack_outputs(cloud.cloudformation)
    url = api_url(outputs, endpoint_url=cloud.endpoint_url)
    over_tls = cloud.https_url is not None or cloud.endpoint_url is None  # AWS knows nothing else
    return ConsoleOutputs(
        api_url=url,
        api_url_https=api_url(outputs, endpoint_url=cloud.https_url) if over_tls else None,
        ca_file=str(cloud.ca_file) if cloud.ca_file else None,
        api_key=api_key(cloud, outputs),
        training_key=api_key(cloud, outputs, which=Output.TRAINING_KEY_ID),
        retrain_state_machine=outputs.get(Output.RETRAIN_STATE_MACHINE_ARN),
        ingest_state_machine=outputs.get(Output.INGEST_STATE_MACHINE_ARN),
        monitor_state_machine=outputs.get(Output.MONITOR_STATE_MACHINE_ARN),
        buckets={role.value: outputs.get(output) for role, output in BUCKET_OUTPUTS.items()},
        database=_database(outputs),
        log_groups=parse_log_groups(outputs.get(Output.LOG_GROUPS) or ""),
        dashboard_url=f"{url}/dashboard" if url else None,
        **pages,
    )


def _database(outputs: StackOutputs) -> DatabaseLocation:
    port = outputs.get(Output.DATABASE_PORT)
    return DatabaseLocation(
        host=outputs.get(Output.DATABASE_HOST),
        port=int(port) if port else None,
        name=outputs.get(Output.DATABASE_NAME),
        user=outputs.get(Output.DATABASE_USER),
    )

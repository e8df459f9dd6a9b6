"""The user interfaces that run beside the embedded cloud: MLflow and Evidently."""

import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bikecast.database import DatabaseSettings, sqlalchemy_url
from bikecast.names import Output, Schema, Target
from console import ui
from console.cloud import Cloud, local_settings, running_connection
from console.outputs import StackOutputs, read_stack_outputs

if TYPE_CHECKING:
    from local_cloud.services import Service

MLFLOW, EVIDENTLY = "mlflow", "evidently"


def service_urls() -> dict[str, str]:
    """Return the address of each interface that runs now, by name."""
    from local_cloud.processes import find

    settings = local_settings()
    if not settings.root.exists():
        return {}
    found = ((name, find(settings, name)) for name in (MLFLOW, EVIDENTLY))
    return {name: record.url for name, record in found if record and record.url and record.process()}


def begin_mlflow(cloud: Cloud) -> None:
    """Start MLflow's server without waiting: it takes its time, and others can use it."""
    from local_cloud.services import start_service

    service = mlflow_service(cloud, read_stack_outputs(cloud.cloudformation))
    start_service(local_settings(), service, wait_s=0)


def start_pages(cloud: Cloud) -> None:
    """Start the user interfaces beside the cloud, or bring those that run up to date.

    Raises:
        DeploymentError: A port is taken, or one does not come up; its log is named.
    """
    from console.evidently_pages import update_workspace
    from local_cloud.services import start_service

    begin_mlflow(cloud)
    with ui.activity("Evidently") as current:
        current.update(f"{update_workspace(cloud)} windows")
        current.update(start_service(local_settings(), evidently_service()))
    with ui.activity("MLflow") as current:
        service = mlflow_service(cloud, read_stack_outputs(cloud.cloudformation))
        current.update(start_service(local_settings(), service))


def reopen_pages(cloud: Cloud) -> None:
    """Start the user interfaces again, without waiting, where they were open before the cloud stopped.

    Raises:
        DeploymentError: A port is taken.
    """
    from console.evidently_pages import workspace_folder
    from local_cloud.services import start_service

    deployed = read_stack_outputs(cloud.cloudformation).get(Output.DATABASE_SECRET_ARN)
    if deployed and workspace_folder().exists():
        begin_mlflow(cloud)
        start_service(local_settings(), evidently_service(), wait_s=0)


def refresh_evidently(cloud: Cloud) -> None:
    """Let Evidently's interface show the windows watched since, if it runs beside this cloud."""
    if cloud.target is not Target.EMBEDDED or EVIDENTLY not in service_urls():
        return
    from console.evidently_pages import update_workspace

    with ui.activity("Evidently") as current:
        current.update(f"{update_workspace(cloud)} windows")


def evidently_service() -> "Service":
    """Return Evidently's interface over the workspace folder; without the secret it only reads."""
    from console.evidently_pages import workspace_folder
    from local_cloud.services import Service

    settings, connection = local_settings(), running_connection()
    own = connection.secret_access_key.get_secret_value() if connection else ""
    arguments = ["--host", "127.0.0.1", "--port", str(settings.evidently_port)]
    return Service(
        name=EVIDENTLY,
        argv=[program("evidently"), "ui", *arguments, "--workspace", str(workspace_folder())],
        port=settings.evidently_port,
        port_field="evidently_port",
        environment={"EVIDENTLY_SECRET": hashlib.sha256(own.encode()).hexdigest()},
    )


def mlflow_service(cloud: Cloud, outputs: StackOutputs) -> "Service":
    """Return MLflow's server on the deployment's own registry; the password goes by its environment."""
    from local_cloud.services import Service

    settings = local_settings()
    connection = running_connection()
    url = sqlalchemy_url(database_login(cloud, outputs), schema=Schema.MLFLOW)
    bucket = outputs.require(Output.ARTIFACTS_BUCKET)
    arguments = ["--host", "127.0.0.1", "--port", str(settings.mlflow_port), "--workers", "1"]
    return Service(
        name=MLFLOW,
        argv=[program("mlflow"), "server", "--artifacts-destination", f"s3://{bucket}", *arguments],
        port=settings.mlflow_port,
        port_field="mlflow_port",
        health_path="/health",
        environment={
            **(connection.environment() if connection else {}),
            "MLFLOW_BACKEND_STORE_URI": url,
            "MLFLOW_S3_ENDPOINT_URL": cloud.endpoint_url or "",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "GIT_PYTHON_REFRESH": "quiet",
        },
    )


def database_login(cloud: Cloud, outputs: StackOutputs) -> DatabaseSettings:
    """Return the owner's login; the password comes from its secret and goes nowhere but to the service."""
    secrets = cloud.session.client("secretsmanager", endpoint_url=cloud.endpoint_url)
    secret = secrets.get_secret_value(SecretId=outputs.require(Output.DATABASE_SECRET_ARN))
    return DatabaseSettings(
        host=outputs.require(Output.DATABASE_HOST),
        port=int(outputs.require(Output.DATABASE_PORT)),
        name=outputs.require(Output.DATABASE_NAME),
        user=outputs.require(Output.DATABASE_USER),
        password=SecretStr(json.loads(secret["SecretString"])["password"]),
        sslmode="disable",
    )


def program(name: str) -> str:
    """Return the path of a program of this environment."""
    return str(Path(sys.executable).with_name(name))

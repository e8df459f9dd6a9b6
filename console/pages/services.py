"""The user interfaces that run beside the embedded cloud: MLflow and Evidently."""

import hashlib
import hmac
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bikecast.database import sqlalchemy_url
from bikecast.names import Output, Schema, Target
from console import ui
from console.cloud.database import registry_reader_login
from console.cloud.outputs import StackOutputs, read_stack_outputs
from console.cloud.session import Cloud, local_settings, running_connection
from console.pages.settings import PageSettings

if TYPE_CHECKING:
    from local_cloud.services import Service

MLFLOW, EVIDENTLY = "mlflow", "evidently"


@dataclass(frozen=True)
class Login:
    """A name and a password."""

    user: str
    password: SecretStr


def service_urls() -> dict[str, str]:
    """Return the address of each interface that runs now, by name."""
    from local_cloud.processes import find

    settings = local_settings()
    if not settings.root.exists():
        return {}
    found = ((name, find(settings, name)) for name in (MLFLOW, EVIDENTLY))
    return {name: record.url for name, record in found if record and record.url and record.process()}


def page_outputs() -> dict[str, str]:
    """Return what `bikecast outputs` tells of the interfaces that run now."""
    urls = service_urls()
    told = {f"{name}_url": url for name, url in urls.items()}
    login = mlflow_login()
    secret = {"mlflow_user": login.user, "mlflow_password": login.password.get_secret_value()}
    return told | (secret if MLFLOW in urls else {})


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
    from local_cloud.services import start_service
    from use_cases.citibike.console.evidently_pages import update_workspace

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
    from local_cloud.services import start_service
    from use_cases.citibike.console.evidently_pages import workspace_folder

    deployed = read_stack_outputs(cloud.cloudformation).get(Output.REGISTRY_READER_SECRET_ARN)
    if deployed and workspace_folder().exists():
        begin_mlflow(cloud)
        start_service(local_settings(), evidently_service(), wait_s=0)


def refresh_evidently(cloud: Cloud) -> None:
    """Let Evidently's interface show the windows watched since, if it runs beside this cloud."""
    if cloud.target is not Target.EMBEDDED or EVIDENTLY not in service_urls():
        return
    from use_cases.citibike.console.evidently_pages import update_workspace

    with ui.activity("Evidently") as current:
        current.update(f"{update_workspace(cloud)} windows")


def evidently_service() -> "Service":
    """Return Evidently's interface over the workspace folder; without the secret it only reads."""
    from local_cloud.services import Service
    from use_cases.citibike.console.evidently_pages import workspace_folder

    settings = local_settings()
    page = PageSettings(
        port=settings.evidently_port,
        workspace=str(workspace_folder()),
        secret=SecretStr(_own_secret(EVIDENTLY)),
    )
    return Service(
        name=EVIDENTLY,
        argv=_page(EVIDENTLY),
        port=settings.evidently_port,
        port_field="evidently_port",
        health_path="/",
        environment=page.environment(),
    )


def mlflow_service(cloud: Cloud, outputs: StackOutputs) -> "Service":
    """Return MLflow's interface on the deployment's own registry, for people: with a login, and to read."""
    from local_cloud.services import Service

    settings, login = local_settings(), mlflow_login()
    connection = running_connection()
    page = PageSettings(
        port=settings.mlflow_port,
        user=login.user,
        password=login.password,
        registry_url=SecretStr(sqlalchemy_url(registry_reader_login(cloud, outputs), schema=Schema.MLFLOW)),
        artifact_root=f"s3://{outputs.require(Output.ARTIFACTS_BUCKET)}",
    )
    return Service(
        name=MLFLOW,
        argv=_page(MLFLOW),
        port=settings.mlflow_port,
        port_field="mlflow_port",
        health_path="/health",
        environment={
            **(connection.environment() if connection else {}),
            **page.environment(),
            "MLFLOW_S3_ENDPOINT_URL": cloud.endpoint_url or "",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "GIT_PYTHON_REFRESH": "quiet",
        },
    )


def mlflow_login() -> Login:
    """Return who logs in to MLflow's interface; the password is this cloud's own and stored nowhere else."""
    return Login(user="bikecast", password=SecretStr(_own_secret(MLFLOW)[:32]))


def _own_secret(purpose: str) -> str:
    """Return a secret for one purpose, made of the administrator's."""
    connection = running_connection()
    key = connection.secret_access_key.get_secret_value() if connection else ""
    return hmac.new(key.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def _page(name: str) -> list[str]:
    return [sys.executable, "-m", "console.pages", name]

"""Starts the emulator on loopback, with IAM on and its state on disk."""

import hashlib
import shutil
import time
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bikecast.errors import DeploymentError
from local_cloud import processes
from local_cloud.connection import Connection
from local_cloud.container_engine import base_environment
from local_cloud.emulator.install import emulator_python, function_python
from local_cloud.engine.images import SECRET_FILE
from local_cloud.files import code_digest, private_dir
from local_cloud.settings import LocalCloudSettings

_START_TIMEOUT_S = 60.0
_MAIN = Path(__file__).with_name("main.py")


def start(settings: LocalCloudSettings, name: str, reached: Connection) -> None:
    """Start the emulator and wait until it answers.

    Raises:
        DeploymentError: It does not come up; its log is named.
    """
    shutil.rmtree(settings.temporary_dir, ignore_errors=True)
    private_dir(settings.temporary_dir)
    private_dir(settings.tls_dir)
    record = processes.spawn(
        settings,
        name,
        argv=[str(emulator_python(settings)), "-I", str(_MAIN)],
        environment=_environment(settings, reached),
        cwd=settings.emulator_dir,
        url=settings.endpoint_url,
        fingerprint=fingerprint(settings, reached),
    )
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not answers(settings):
        if record.process() is None or time.monotonic() > deadline:
            raise DeploymentError(f"the emulator did not start; see the end of {record.log}")
        time.sleep(0.05)


def fingerprint(settings: LocalCloudSettings, reached: Connection) -> str:
    """Return a digest that changes with what the emulator runs and how."""
    folder = Path(__file__).parent
    facts = sorted(f"{key}={value}" for key, value in _own_environment(settings, reached).items())
    code = code_digest(folder, folder.with_name("fidelity"))
    return hashlib.sha256("\0".join((code, *facts)).encode()).hexdigest()


def answers(settings: LocalCloudSettings) -> bool:
    """Whether an emulator answers at the settings' address."""
    client = HTTPConnection("127.0.0.1", settings.port, timeout=5)
    try:
        client.request("GET", "/_ministack/health")
        return client.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        client.close()


def _environment(settings: LocalCloudSettings, reached: Connection) -> dict[str, str]:
    return base_environment() | _own_environment(settings, reached)


def _own_environment(settings: LocalCloudSettings, reached: Connection) -> dict[str, str]:
    return {
        "DOCKER_HOST": f"unix://{settings.engine_socket}",
        "GATEWAY_PORT": str(settings.port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": settings.region,
        "MINISTACK_ACCOUNT_ID": settings.account_id,
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": reached.access_key_id,
        "AWS_SECRET_ACCESS_KEY": reached.secret_access_key.get_secret_value(),
        "AWS_ENDPOINT_URL": settings.endpoint_url,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(settings.state_folder),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(settings.emulator_dir / "s3"),
        "LAMBDA_EXECUTOR": "local",
        "LAMBDA_WARM_TTL_SECONDS": "300",
        "RDS_PERSIST": "1",
        "RDS_BASE_PORT": str(settings.database_port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "TMPDIR": str(settings.temporary_dir),
        "BIKECAST_FUNCTION_PYTHON": str(function_python(settings)),
        "BIKECAST_HTTPS_PORT": str(reached.https_port or ""),
        "BIKECAST_TLS_DIR": str(settings.tls_dir),
        "BIKECAST_TRACES_FILE": str(settings.traces_file),
        "BIKECAST_FUNCTION_SECRET_FILE": str(settings.engine_dir / SECRET_FILE),
        "BIKECAST_SKIPPED_FIXES": ",".join(sorted(settings.skipped_fixes)),
    }  # fmt: skip

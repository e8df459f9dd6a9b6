"""How clients reach a running embedded cloud: address and credentials, in one private file."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, field_serializer

from bikecast.errors import DeploymentError
from local_cloud.files import write_private
from local_cloud.network import direct_loopback
from local_cloud.settings import LocalCloudSettings

_FILE = "connection.json"
CA_FILE = "ca.pem"
# Names that would send a child to another account, or make botocore look for a profile.
FOREIGN_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE")


class Connection(BaseModel):
    """Address and administrator's credentials of one embedded cloud."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint_url: str
    access_key_id: str
    secret_access_key: SecretStr
    region: str
    account_id: str
    https_port: int | None = None
    ca_file: Path | None = None

    @property
    def port(self) -> int:
        """The port of the address."""
        return urlsplit(self.endpoint_url).port or 80

    @property
    def https_url(self) -> str | None:
        """The address over TLS, where it was asked for; clients trust it by ``ca_file``."""
        return f"https://127.0.0.1:{self.https_port}" if self.https_port else None

    @field_serializer("secret_access_key", when_used="json")
    def _reveal(self, secret: SecretStr) -> str:
        return secret.get_secret_value()

    def environment(self) -> dict[str, str]:
        """Return the variables with which boto3, cdklocal and the like reach this cloud and no other."""
        variables = {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ENDPOINT_URL_S3": self.endpoint_url,
            "AWS_S3_FORCE_PATH_STYLE": "1",
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key.get_secret_value(),
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        # cdklocal drops every other AWS_ variable and then signs as "test".
        allowed = {"AWS_ENVAR_ALLOWLIST": ",".join(variables)}
        return (
            variables | allowed | {"CDK_DEFAULT_ACCOUNT": self.account_id, "CDK_DEFAULT_REGION": self.region}
        )

    def client_environment(self) -> dict[str, str]:
        """Return what a terminal sets for its clients to reach this cloud, also behind a proxy."""
        return self.environment() | direct_loopback(os.environ)

    def child_environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return ``base`` (this process's environment) pointed at this cloud, without the user's profile."""
        kept = {key: value for key, value in (base or os.environ).items() if key not in FOREIGN_VARIABLES}
        return kept | self.environment() | direct_loopback(kept)


def plan(settings: LocalCloudSettings) -> Connection:
    """Return how these settings' cloud is reached once it runs; new credentials the first time."""
    path = settings.root / _FILE
    known = _read(path) if path.exists() else None
    https_port = settings.https_port if settings.https else None
    return Connection(
        endpoint_url=settings.endpoint_url,
        access_key_id=known.access_key_id if known else f"LKIA{secrets.token_hex(8).upper()}",
        secret_access_key=known.secret_access_key if known else SecretStr(secrets.token_urlsafe(30)),
        region=settings.region,
        account_id=settings.account_id,
        https_port=https_port,
        ca_file=settings.tls_dir / CA_FILE if https_port else None,
    )


def save(settings: LocalCloudSettings, connection: Connection) -> None:
    """Let clients find the cloud, once it answers."""
    write_private(settings.root / _FILE, connection.model_dump_json(indent=1))


def exists(state_dir: Path) -> bool:
    """Whether an embedded cloud of ``state_dir`` ever answered; it need not be running."""
    return (state_dir.resolve() / _FILE).exists()


def load(state_dir: Path) -> Connection:
    """Return how to reach the embedded cloud of ``state_dir``; it need not be running.

    Raises:
        DeploymentError: No embedded cloud was ever started in ``state_dir``.
    """
    if not exists(state_dir):
        raise DeploymentError(f"no embedded cloud in {state_dir}; start one with `python -m local_cloud up`")
    return _read(state_dir.resolve() / _FILE)


def _read(path: Path) -> Connection:
    try:
        return Connection.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise DeploymentError(f"{path} is damaged; stop the cloud and delete the file") from error

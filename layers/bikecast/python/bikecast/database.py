"""Connections to Postgres: settings from the environment, a login per target, a schema per owner."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from bikecast.errors import DeploymentError
from bikecast.names import DATABASE_NAME, Schema

if TYPE_CHECKING:
    import psycopg


# Who signs RDS's certificates; the embedded database on loopback speaks no TLS.
CA_BUNDLE = Path(__file__).with_name("rds-ca-bundle.pem")


class DatabaseSettings(BaseSettings):
    """Where the database is and how to log in.

    One of three logins: a password (containers get it as an ECS secret), the ARN of a secret
    that holds one, or, with neither, a short-lived IAM token.
    """

    model_config = SettingsConfigDict(env_prefix="DATABASE_", frozen=True, extra="ignore")

    host: str
    port: int = 5432
    name: str = DATABASE_NAME
    user: str
    password: SecretStr | None = None
    secret_arn: str | None = None
    role_secrets: dict[str, str] = Field(
        {}, description="ARNs of the secrets with the passwords of other roles; empty where tokens log in."
    )
    sslmode: Literal["disable", "verify-full"] = "verify-full"
    sslrootcert: Path = CA_BUNDLE


def login_password(settings: DatabaseSettings) -> str:
    """Return the password to log in with: the given one, the secret's, or a fresh IAM token.

    Raises:
        DeploymentError: The secret exists but holds no password.
    """
    if settings.password is not None:
        return settings.password.get_secret_value()
    import boto3

    if settings.secret_arn is None:
        token: str = boto3.client("rds").generate_db_auth_token(
            DBHostname=settings.host, Port=settings.port, DBUsername=settings.user
        )
        return token
    return secret_password(settings.secret_arn)


def secret_password(arn: str) -> str:
    """Return the password in a secret.

    Raises:
        DeploymentError: It holds none.
    """
    import boto3

    secret = boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    password = json.loads(secret).get("password")
    if not password:
        raise DeploymentError(f"secret {arn} has no `password`")
    return str(password)


def connect(settings: DatabaseSettings, *, application: str, timeout_s: int = 5) -> "psycopg.Connection":
    """Open a connection in UTC that sees schema ``monitoring`` first.

    Raises:
        psycopg.OperationalError: The server cannot be reached or refuses the login.
    """
    import psycopg

    return psycopg.connect(
        host=settings.host,
        port=settings.port,
        dbname=settings.name,
        user=settings.user,
        password=login_password(settings),
        sslmode=settings.sslmode,
        sslrootcert=str(settings.sslrootcert),
        connect_timeout=timeout_s,
        application_name=application,
        options=f"-c search_path={Schema.MONITORING} -c timezone=UTC",
    )


def sqlalchemy_url(settings: DatabaseSettings, *, schema: Schema) -> str:
    """Return a SQLAlchemy URL whose tables live in ``schema``; it holds the password, so never log it."""
    password = quote(login_password(settings), safe="")
    options = quote(f"-csearch_path={schema}", safe="")
    return (
        f"postgresql+psycopg://{quote(settings.user, safe='')}:{password}@{settings.host}:{settings.port}"
        f"/{settings.name}?sslmode={settings.sslmode}"
        f"&sslrootcert={quote(str(settings.sslrootcert), safe='')}&options={options}"
    )

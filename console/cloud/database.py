"""Logins to the database, where it can be reached from here: not on AWS."""

import json

from pydantic import SecretStr

from bikecast.database import DatabaseSettings
from bikecast.names import DatabaseRole, Output
from console.cloud.outputs import StackOutputs
from console.cloud.session import Cloud


def owner_login(cloud: Cloud, outputs: StackOutputs) -> DatabaseSettings:
    """Return the login that owns everything."""
    return _login(cloud, outputs, Output.DATABASE_SECRET_ARN, user=outputs.require(Output.DATABASE_USER))


def registry_reader_login(cloud: Cloud, outputs: StackOutputs) -> DatabaseSettings:
    """Return the login that reads the registry; the password goes nowhere but to the service."""
    return _login(cloud, outputs, Output.REGISTRY_READER_SECRET_ARN, user=DatabaseRole.REGISTRY_READER)


def _login(cloud: Cloud, outputs: StackOutputs, secret_output: Output, *, user: str) -> DatabaseSettings:
    """Return a login with the password from its secret; emulated databases speak no TLS."""
    secrets = cloud.session.client("secretsmanager", endpoint_url=cloud.endpoint_url)
    secret = secrets.get_secret_value(SecretId=outputs.require(secret_output))
    return DatabaseSettings(
        host=outputs.require(Output.DATABASE_HOST),
        port=int(outputs.require(Output.DATABASE_PORT)),
        name=outputs.require(Output.DATABASE_NAME),
        user=user,
        password=SecretStr(json.loads(secret["SecretString"])["password"]),
        sslmode="disable",
    )

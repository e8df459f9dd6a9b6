"""The owner's login to the database, where it can be reached from here: not on AWS."""

import json

from pydantic import SecretStr

from bikecast.database import DatabaseSettings
from bikecast.names import Output
from console.cloud.outputs import StackOutputs
from console.cloud.session import Cloud


def owner_login(cloud: Cloud, outputs: StackOutputs) -> DatabaseSettings:
    """Return the login with the password from its secret; emulated databases speak no TLS."""
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

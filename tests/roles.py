"""Database settings under a role of its own, as the functions log in."""

from pydantic import SecretStr

from bikecast.database import DatabaseSettings, connect
from bikecast.names import DatabaseRole

PASSWORD = "of this test"


def log_in_as(role: DatabaseRole, owner: DatabaseSettings) -> DatabaseSettings:
    """Give a role of a migrated database a password, and return its login."""
    with connect(owner, application="test") as connection:
        connection.execute("select pg_advisory_xact_lock(1)")
        connection.execute(f"alter role {role} password '{PASSWORD}'".encode())
    return owner.model_copy(update={"user": role.value, "password": SecretStr(PASSWORD)})

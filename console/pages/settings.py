"""Settings of a page, read from its environment, so that no secret is on a command line."""

import os
from collections.abc import Mapping

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "BIKECAST_PAGE_"


class PageSettings(BaseSettings):
    """One page's settings; those of the other page stay empty.

    Attributes:
        port: Where it listens on loopback.
        user: Who logs in to MLflow.
        password: With what.
        registry_url: MLflow's database under the role that reads.
        artifact_root: Where runs keep their files.
        workspace: Evidently's folder.
        secret: Without it Evidently's interface only reads.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    port: int
    user: str = ""
    password: SecretStr | None = None
    registry_url: SecretStr = SecretStr("")
    artifact_root: str = ""
    workspace: str = ""
    secret: SecretStr = SecretStr("")

    def environment(self) -> dict[str, str]:
        """Return the variables from which the page reads these settings."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            f"{PREFIX}{name.upper()}": v.get_secret_value() if isinstance(v, SecretStr) else str(v)
            for name, v in values.items()
            if v is not None
        }

    @staticmethod
    def export(variables: Mapping[str, str]) -> None:
        """Set variables that other people's code reads in this process."""
        os.environ.update(variables)

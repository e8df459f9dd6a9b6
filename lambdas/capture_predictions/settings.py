"""Settings of the capture function."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from bikecast.database import DatabaseSettings


class Settings(BaseSettings):
    """Environment of the function; fields without a default are set by the stack."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="CAPTURE_")

    connect_timeout_s: int = Field(3, ge=1, description="Giving up early returns the batch to the queue.")


__all__ = ["DatabaseSettings", "Settings"]

"""Where the console runs from and which cloud a person asked for."""

from functools import lru_cache
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from bikecast.names import Target

CLONE = Path(__file__).resolve().parents[1]


class ConsoleSettings(BaseSettings):
    """Read from ``BIKECAST_TARGET``, ``BIKECAST_REGION`` and ``BIKECAST_ENDPOINT_URL``.

    ``endpoint_url`` is LocalStack's; the embedded cloud tells its own and AWS has none.
    """

    model_config = SettingsConfigDict(env_prefix="BIKECAST_", frozen=True, extra="ignore")

    target: Target | None = None
    region: str = "us-east-1"
    endpoint_url: str = "http://localhost:4566"


@lru_cache(maxsize=1)
def console_settings() -> ConsoleSettings:
    """Return the settings, read once."""
    return ConsoleSettings()

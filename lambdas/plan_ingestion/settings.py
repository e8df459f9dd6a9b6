"""Settings of the ingestion planner."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Environment of the function; fields without a default are set by the stack."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    data_bucket: str

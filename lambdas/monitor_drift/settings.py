"""Settings of the monitor's function."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Environment of the function; the database's is in ``DatabaseSettings``."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    data_bucket: str
    serving_bucket: str
    use_case: str
    reports_bucket: str
    code_version: str

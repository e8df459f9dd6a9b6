"""Settings of the container, read from its environment once."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from bikecast.database import DatabaseSettings


class JobSettings(BaseSettings):
    """Where the data, the registry's artifacts, the served models and the reports are; set by the stack."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    data_bucket: str
    artifacts_bucket: str
    serving_bucket: str
    reports_bucket: str
    code_version: str = "unknown"
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)


class TaskSettings(BaseSettings):
    """What the state machine sets for one step; without a token the result is printed."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    task_token: SecretStr | None = None
    step_input: str = "{}"
    execution: str | None = None
    heartbeat_interval_s: float = Field(10.0, gt=0)

"""Settings of the predictor."""

import tempfile
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from bikecast.serving.web.origins import OriginSettings


class Settings(OriginSettings):
    """Environment of the function; fields without a default are set by the stack."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    use_case: str
    serving_bucket: str
    capture_queue_url: str
    code_version: str
    last_copy_dir: Path = Field(
        Path(tempfile.gettempdir()) / "bikecast-champion",
        description="Where the champion's files are kept for a start while the bucket cannot be read.",
    )
    champion_ttl_s: float = Field(5.0, ge=0, description="The manifest is revalidated at most this often.")
    champion_wait_s: float = Field(1.0, ge=0, description="The longest that a request waits for that.")
    capture_wait_s: float = Field(
        0.15,
        ge=0,
        description="The longest wait for the queue where Lambda freezes us after the answer.",
    )
    capture_drain_s: float = Field(
        4.0, ge=0, description="The longest that the function stays awake for the queue after an answer."
    )


class Runtime(BaseSettings):
    """What the Lambda runtime tells; empty elsewhere."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    aws_lambda_function_name: str | None = None
    aws_lambda_runtime_api: str | None = None

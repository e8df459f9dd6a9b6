"""Settings of the operations API."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from bikecast.serving.web.origins import OriginSettings


class Settings(OriginSettings):
    """Environment of the function; fields without a default are set by the stack."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    use_case: str
    use_cases: str = Field(description="Names of all that the dashboard shows at a glance, comma-separated.")
    data_bucket: str
    reports_bucket: str
    retrain_state_machine_arn: str
    training_key_id: str
    code_version: str
    link_lifetime_s: int = Field(900, ge=1, le=3600, description="How long a link to a large report works.")

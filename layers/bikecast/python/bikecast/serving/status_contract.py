"""Response bodies of the status endpoints."""

from typing import Literal

from pydantic import BaseModel, Field

from bikecast.names import PredictionSource
from bikecast.registry.automation import AutomationSwitch


class Health(BaseModel):
    """Whether and by whom requests are answered."""

    status: Literal["ok", "degraded"]
    source: PredictionSource
    model_version: str
    champion_version: str | None = Field(description="What the champion manifest names.")
    problem: str | None = Field(description="What went wrong at the last check of the manifest.")
    automation: AutomationSwitch


class Version(BaseModel):
    """What is deployed and what it serves."""

    code_version: str
    model: str
    model_version: str
    source: PredictionSource

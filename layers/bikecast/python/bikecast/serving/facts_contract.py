"""Bodies in which the predictor tells about itself."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, Field, WithJsonSchema

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


class FeatureCard(BaseModel):
    """One feature of the served model."""

    name: str
    known: str = Field(description="When its value is known.")
    meaning: str


WallTime = Annotated[
    dt.datetime, WithJsonSchema({"type": "string", "description": "New York wall time, without an offset."})
]


class WindowScores(BaseModel):
    """Errors on one window, in trips per hour; shares as fractions."""

    n_rows: int
    start: WallTime
    end: WallTime
    rmse: float
    mae: float
    wape: float
    r2: float
    bias: float
    coverage: float | None = None


class ModelCard(BaseModel):
    """The served model: where it comes from and how good it was on its holdout."""

    model: str
    model_version: str
    source: PredictionSource
    run_id: str
    published_at: dt.datetime
    code_version: str
    data_hash: str
    simulated: bool = Field(description="Whether it learnt from simulated trips and weather.")
    features: list[FeatureCard]
    holdout: WindowScores
    baselines: dict[str, WindowScores]
    level_factor: float = Field(description="Recent actual demand over what the stateless model says of it.")
    level_as_of: dt.date | None
    interval_coverage: float = Field(description="Share of actual hours meant to fall inside the interval.")
    previous_version: str | None
    decision_key: str
    automation: AutomationSwitch

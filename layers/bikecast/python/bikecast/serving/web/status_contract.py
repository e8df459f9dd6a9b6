"""Response bodies of the status endpoints."""

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, Field

from bikecast.names import PredictionSource
from bikecast.registry.automation import AutomationSwitch
from bikecast.serving.champion.engines import ModelEngine
from bikecast.serving.champion.follower import UnavailableError, View


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


class ModelOrigin(BaseModel):
    """Where the served model comes from."""

    model: str
    model_version: str
    source: PredictionSource
    run_id: str
    published_at: dt.datetime
    code_version: str
    data_hash: str
    simulated: bool = Field(description="Whether it learnt from simulated data.")
    previous_version: str | None
    decision_key: str
    automation: AutomationSwitch


def origin_of(view: View, *, fallback: str) -> tuple[ModelEngine, dict[str, Any]]:
    """Return the best model in memory with the fields of its origin.

    Raises:
        UnavailableError: Only the fallback answers.
    """
    engine = view.model
    if engine is None:
        raise UnavailableError(f"no model is loaded; the {fallback} answers")
    manifest = engine.manifest
    previous = None if manifest.previous is None else manifest.previous.version
    serving = {"source": engine.source, "previous_version": previous, "automation": view.automation}
    named = {"model": manifest.model_name, "model_version": manifest.version}
    same = ("run_id", "published_at", "code_version", "data_hash", "simulated", "decision_key")
    return engine, {**named, **serving, **{name: getattr(manifest, name) for name in same}}

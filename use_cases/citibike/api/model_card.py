"""``/model``: origin and holdout scores of the served model."""

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, Field, WithJsonSchema

from bikecast.evaluation.scores import Scores
from bikecast.serving.champion.follower import View
from bikecast.serving.web.status_contract import ModelOrigin, origin_of
from use_cases.citibike.features import FEATURES
from use_cases.citibike.hourly_weather.path import HourlyPath, lead_name


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


class LeadScores(BaseModel):
    """Errors on the holdout with a weather forecast of one age, by both ways to predict."""

    serves: bool = Field(description="Whether `/forecast` answers such hours by hourly weather.")
    hourly: WindowScores = Field(description="By the weather of the hours.")
    day: WindowScores = Field(description="By the day's values.")


class ModelCard(ModelOrigin):
    """The served model: where it comes from and how good it was on its holdout."""

    features: list[FeatureCard]
    holdout: WindowScores
    baselines: dict[str, WindowScores]
    leads: dict[str, LeadScores] = Field(
        description="By the age of the weather forecast; empty for a model without hourly weather."
    )
    level_factor: float = Field(description="Recent actual demand over what the stateless model says of it.")
    level_as_of: dt.date | None
    interval_coverage: float = Field(description="Share of actual hours meant to fall inside the interval.")


def model_card(view: View) -> ModelCard:
    """Describe the best model in memory.

    Raises:
        UnavailableError: Only the seasonal profile answers.
    """
    engine, origin = origin_of(view, fallback="seasonal profile")
    forecaster = engine.model.forecaster
    return ModelCard(
        **origin,
        features=[
            FeatureCard(name=item.name, known=item.known.value, meaning=item.meaning) for item in FEATURES
        ],
        holdout=_shown(engine.manifest.holdout),
        baselines={name: _shown(scores) for name, scores in engine.manifest.baselines.items()},
        leads=_leads(engine.model.hourly),
        level_factor=forecaster.latest_factor(),
        level_as_of=forecaster.level.as_of,
        interval_coverage=forecaster.interval.coverage,
    )


def _leads(path: HourlyPath | None) -> dict[str, LeadScores]:
    if path is None:
        return {}
    part, served = path.part, {lead_name(lead) for lead in path.part.leads}
    return {
        name: LeadScores(serves=name in served, hourly=_shown(scores), day=_shown(part.by_day[name]))
        for name, scores in part.holdout.items()
    }


def _shown(scores: Scores) -> WindowScores:
    start, end = scores.window()
    values = {**scores.values, "coverage": scores.coverage}
    return WindowScores(n_rows=scores.n_rows, start=start, end=end, **values)

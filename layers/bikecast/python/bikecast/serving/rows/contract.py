"""Bodies of the prediction API of a declared use case, derived from its declaration."""

from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from bikecast.evaluation.scores import Scores
from bikecast.names import PredictionSource
from bikecast.serving.web.status_contract import ModelOrigin
from bikecast.use_case import Classification, Regression, UseCase

MAX_BODY_BYTES = 1_000_000


class Answered(BaseModel):
    """Who answered a row, and from what."""

    unknown_levels: list[str] = Field(
        description="Inputs whose level the model does not know; they were answered as missing."
    )
    model: str = Field(description="Registered name of the model, or `baseline` when no model could answer.")
    model_version: str
    source: PredictionSource = Field(description="Who answered; anything but `champion` is a fallback.")


def response_model(use_case: UseCase) -> type[BaseModel]:
    """Return the body of the answer, in the order of the rows asked for."""
    prediction = create_model(
        "Prediction",
        __base__=Answered,
        __doc__=f"The answer for one {use_case.row[0]}.",
        **_fields(use_case.task),
    )
    return create_model(
        "Predictions", __doc__="Answers, in the order of the rows.", predictions=(list[prediction], ...)
    )


def _fields(task: Regression | Classification) -> dict[str, Any]:
    if isinstance(task, Regression):
        about = f"{task.meaning or task.target}, {task.unit}"
        return {
            "prediction": (float, Field(description=f"{about}.")),
            "low": (float | None, Field(description="Lower end of the prediction interval.")),
            "high": (float | None, Field(description="Upper end of the prediction interval.")),
        }
    label: Any = Literal[task.classes]
    return {
        "prediction": (label, Field(description=f"{task.meaning or task.target}.")),
        "probabilities": (dict[label, float], Field(description="Of each class; they sum to 1.")),
        "prediction_set": (
            list[label],
            Field(description="Classes that together hold the true one with the stated coverage."),
        ),
    }


class FeatureCard(BaseModel):
    """One feature of the served model."""

    name: str
    meaning: str


class ModelCard(ModelOrigin):
    """The served model: where it comes from and how good it was on its holdout."""

    use_case: str
    features: list[FeatureCard]
    primary_metric: str
    holdout: Scores
    baselines: dict[str, Scores]
    coverage: float | None = Field(description="What intervals or prediction sets are meant to hold.")

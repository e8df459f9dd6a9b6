"""The bodies and answers of the project that the data comes from: one person as an object, or several."""

from typing import Annotated, Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from bikecast.serving.web.bodies import variant
from bikecast.serving.web.direct import add_prediction
from bikecast.serving.web.row_bodies import Predicts, rows_request
from bikecast.use_case import UseCase
from bikecast.use_case.rows import row_model

ONE, MANY = variant("one"), variant("many")


class PersonAnswer(BaseModel):
    """The class of one person."""

    model_config = ConfigDict(extra="allow")

    prediction: str = Field(description="Name of the class.")
    probabilities: dict[str, float] = Field(description="Probability of each class, by name.")
    model: str
    model_version: str
    source: str = Field(description="Who answered; anything but `champion` is a fallback.")


class PeopleAnswer(BaseModel):
    """Answers, in the order of the persons asked about."""

    predictions: list[PersonAnswer]


def add_routes(app: FastAPI, service: Predicts, use_case: UseCase) -> None:
    """Add ``/predict`` for one person as an object, and for several under ``input_data``."""
    person: Any = row_model(use_case, name="Person")
    people: Any = rows_request(person, name="People")
    either: Any = Annotated[
        Annotated[person, Tag(ONE)] | Annotated[people, Tag(MANY)], Discriminator(_one_or_many)
    ]
    example = use_case.api.examples[0]
    examples: Any = {"one person": {"value": example}, "several": {"value": {"input_data": [example]}}}

    def predict(body: Any, request: str) -> object:
        """Tell the weight class of one person, or of several."""
        if isinstance(body, people):
            return {"predictions": service.predict(body.input_data, request=request)}
        return service.predict([body], request=request)[0]

    add_prediction(
        app,
        "/predict",
        predict,
        body=either,
        examples=examples,
        response_model=PersonAnswer | PeopleAnswer,
    )


def _one_or_many(body: Any) -> str:
    return MANY if isinstance(body, dict) and "input_data" in body else ONE

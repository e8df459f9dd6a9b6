"""The bodies and answers of the project that the data comes from: one person as an object, or several."""

from typing import Annotated, Any

from fastapi import Body, FastAPI, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag
from pydantic_core import to_json

from bikecast.serving.web.bodies import variant
from bikecast.serving.web.gateway import request_id
from bikecast.serving.web.problems import errors
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

    async def predict(body: Any, request: Request) -> Response:
        """Tell the weight class of one person, or of several."""
        many = isinstance(body, people)
        rows = body.input_data if many else [body]
        answers = service.predict(rows, request=request_id(request.scope))
        shown = {"predictions": answers} if many else answers[0]
        return Response(to_json(shown), media_type="application/json")

    predict.__annotations__["body"] = Annotated[either, Body(openapi_examples=examples)]
    refusals = errors(400, 403, 413, 415, 422, 429, 503)
    app.post(
        "/predict", response_model=PersonAnswer | PeopleAnswer, responses=refusals, tags=["predictions"]
    )(predict)


def _one_or_many(body: Any) -> str:
    return MANY if isinstance(body, dict) and "input_data" in body else ONE

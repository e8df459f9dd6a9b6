"""The body and answer of the project that the data comes from, beside ours, on one path."""

from typing import Annotated, Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, create_model, model_validator

from bikecast.serving.web.bodies import variant
from bikecast.serving.web.direct import add_prediction
from bikecast.serving.web.row_bodies import Predicts, rows_request
from bikecast.use_case import UseCase
from bikecast.use_case.rows import row_model

PUBLISHED, ROWS = variant("data"), variant("rows")
_MINUTES = "Minutes that the ride will take"


class Minutes(BaseModel):
    """Answer to a body with ``data``: a number for one ride, a list for several."""

    value: float | list[float] = Field(description=f"{_MINUTES}; one for each ride, in their order.")


class RideAnswer(BaseModel):
    """Answer for one ride, with its interval."""

    model_config = ConfigDict(extra="allow")

    prediction: float = Field(description=f"{_MINUTES}.")
    low: float = Field(description="Lower end of the prediction interval.")
    high: float = Field(description="Upper end of the prediction interval.")
    model: str
    model_version: str
    source: str = Field(description="Who answered; anything but `champion` is a fallback.")


class RideAnswers(BaseModel):
    """Answers, in the order of the rides asked about."""

    predictions: list[RideAnswer]


class _Timed(BaseModel):
    """Lets ``prediction_time`` be the start of rides that name none."""

    @model_validator(mode="before")
    @classmethod
    def _start(cls, body: Any) -> Any:
        if not isinstance(body, dict) or not isinstance(body.get("data"), list):
            return body
        time = body.get("prediction_time")
        known = {} if time is None else {"started_at": time}
        return body | {"data": [known | ride if isinstance(ride, dict) else ride for ride in body["data"]]}


def add_routes(app: FastAPI, service: Predicts, use_case: UseCase) -> None:
    """Add ``/predict`` for rides under ``data``, and for rides under ``input_data``."""
    rides: Any = rows_request(row_model(use_case), name="Rides")
    either: Any = Annotated[
        Annotated[_published(use_case), Tag(PUBLISHED)] | Annotated[rides, Tag(ROWS)],
        Discriminator(_kind),
    ]
    example = use_case.api.examples[0]
    examples: Any = {
        "rides with an interval": {"value": {"input_data": [example]}},
        "minutes alone": {"value": {"data": [example], "prediction_time": None}},
    }

    def predict(body: Any, request: str) -> object:
        """Tell how many minutes rides will take."""
        if isinstance(body, rides):
            return {"predictions": service.predict(body.input_data, request=request)}
        return _minutes(service.predict(body.data, request=request))

    add_prediction(
        app, "/predict", predict, body=either, examples=examples, response_model=Minutes | RideAnswers
    )


def _published(use_case: UseCase) -> Any:
    """Return the model of a body with ``data``; other columns of a published ride are ignored."""
    ride = row_model(use_case, name="PublishedRide", extra="ignore")
    data = rows_request(ride, name="Data", field="data")
    moment = ride.model_fields["started_at"]
    time = (
        Annotated[moment.annotation, *moment.metadata] | None,
        Field(None, description="Start of rides without one."),
    )
    fields: Any = {"prediction_time": time}
    return create_model("PublishedRides", __base__=(data, _Timed), **fields)


def _kind(body: Any) -> str:
    return PUBLISHED if isinstance(body, dict) and "data" in body else ROWS


def _minutes(answers: list[dict[str, Any]]) -> dict[str, Any]:
    values = [answer["prediction"] for answer in answers]
    return {"value": values[0] if len(values) == 1 else values}

"""The body and answer of the project that the data comes from, beside ours, on one path."""

from typing import Annotated, Any, Self

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, create_model, model_validator

from bikecast.serving.web.bodies import variant
from bikecast.serving.web.direct import add_prediction
from bikecast.serving.web.row_bodies import Predicts, rows_request
from bikecast.use_case import UseCase
from bikecast.use_case.rows import row_model

PUBLISHED, TIMED, ROWS = variant("data"), variant("data of a time"), variant("rows")
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

    @model_validator(mode="after")
    def _start(self) -> Self:
        body: Any = self
        for ride in body.data:
            if "started_at" not in ride.model_fields_set:
                ride.started_at = body.prediction_time
        return self


def add_routes(app: FastAPI, service: Predicts, use_case: UseCase) -> None:
    """Add ``/predict`` for rides under ``data``, and for rides under ``input_data``."""
    rides: Any = rows_request(row_model(use_case), name="Rides")
    either: Any = Annotated[
        Annotated[_published(use_case), Tag(PUBLISHED)]
        | Annotated[_timed(use_case), Tag(TIMED)]
        | Annotated[rides, Tag(ROWS)],
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
    no_time: Any = (None, Field(None, description="Or the start of rides without one."))
    return create_model("PublishedRides", __base__=data, prediction_time=no_time)


def _timed(use_case: UseCase) -> Any:
    """Return the model of such a body with a time, which rides without a start of their own begin at."""
    published = row_model(use_case, name="PublishedRide", extra="ignore")
    start = published.model_fields["started_at"]
    moment: Any = Annotated[start.annotation, *start.metadata]
    # Made, not fixed, so that the document has no default; it is replaced by the body's time.
    own: Any = (
        moment,
        Field(default_factory=lambda: None, description=f"{start.description} Optional here."),
    )
    ride = create_model("RideOfATime", __base__=published, started_at=own)
    data = rows_request(ride, name="DataOfATime", field="data")
    time: Any = (moment, Field(description="Start of rides without one."))
    return create_model("RidesOfATime", __base__=(data, _Timed), prediction_time=time)


def _kind(body: Any) -> str:
    if not isinstance(body, dict) or "data" not in body:
        return ROWS
    return PUBLISHED if body.get("prediction_time") is None else TIMED


def _minutes(answers: list[dict[str, Any]]) -> dict[str, Any]:
    values = [answer["prediction"] for answer in answers]
    return {"value": values[0] if len(values) == 1 else values}

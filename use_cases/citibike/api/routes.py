"""The routes of the prediction API."""

from collections.abc import Collection
from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.openapi.models import Example
from fastapi.responses import Response
from pydantic_core import to_json

from bikecast.serving.champion.follower import ChampionFollower
from bikecast.serving.web.direct import add_prediction
from bikecast.serving.web.gateway import request_id
from bikecast.serving.web.http import create_app
from bikecast.serving.web.problems import errors
from bikecast.serving.web.status import add_status_routes
from use_cases.citibike.api import contract
from use_cases.citibike.api.model_card import ModelCard, model_card
from use_cases.citibike.api.service import PredictionService

TRIP = {"date": "2025-01-02 08:00:00", "TMAX": 41.0, "TMIN": 33.0, "SNOW": 0.0}
RAINY = {
    "date": "2025-07-01T18:00:00-04:00",
    "TMAX": 88.0,
    "TMIN": 74.0,
    "SNOW": 0.0,
    "PRCP": 0.6,
    "AWND": 9.2,
}
CLOCK = {
    "holiday": 0, "TMAX": 41.0, "TMIN": 33.0, "SNOW": 0.0,
    "hr_sin": 0.866, "hr_cos": -0.5, "weekday_sin": 0.434, "weekday_cos": -0.901,
    "week_sin": 0.0, "week_cos": 1.0, "mnth_sin": 0.0, "mnth_cos": 1.0,
}  # fmt: skip
MODEL = {
    "hour": 8, "dow": 3, "holiday": 0, "workday": 1, "doy_sin": 0.0344, "doy_cos": 0.9994, "sun": 4.6,
    "daylen": -0.978, "to_hol": 4, "from_hol": 1, "xmasweek": 0, "tom_off": 0, "yest_off": 1,
    "hol_major": 0, "TMAX": 41.0, "TMIN": 33.0, "SNOW": 0.0, "TAVG": 37.0, "PRCP": 0.0,
}  # fmt: skip
SHOWER = {
    "time": [f"2025-01-02T{hour:02d}:00:00" for hour in range(24)],
    "values": {
        "temperature": [37.0] * 24,
        "rain": [0.1 if 7 <= hour < 10 else 0.0 for hour in range(24)],
        "snowfall": [0.0] * 24,
        "wind": [8.0] * 24,
    },
}
TRIP_EXAMPLES: dict[str, Example] = {
    "one hour": {"value": {"input_data": [TRIP]}},
    "more weather and a time zone": {"value": {"input_data": [TRIP, RAINY]}},
    "weather by the hour": {"value": {"input_data": [TRIP], "hourly": SHOWER}},
}
FEATURE_EXAMPLES: dict[str, Example] = {
    "the predecessor's features": {"value": {"input_data": [CLOCK]}},
    "the model's own features": {"value": {"input_data": [MODEL]}},
}
DESCRIPTION = """Hourly Citi Bike demand: trips started in New York in an hour, with an interval.

Hours are New York wall time unless they carry an offset. Units: F, inch, mph. `source` tells who
answered: the champion, the previous champion, or the seasonal profile when no model can.
At most 1000 rows and 1 MB a request."""


def build_app(
    service: PredictionService,
    follower: ChampionFollower,
    *,
    code_version: str,
    allowed_origins: Collection[str] = (),
) -> FastAPI:
    """Put the routes together."""
    app = create_app(
        title="bikecast",
        version=code_version,
        description=DESCRIPTION,
        max_body_bytes=contract.MAX_BODY_BYTES,
        posts=("/predict", "/predict_trip"),
        allowed_origins=allowed_origins,
    )
    _add_predictions(app, service)
    _add_status(app, follower, code_version)
    return app


def _add_predictions(app: FastAPI, service: PredictionService) -> None:
    def predict_trip(body: contract.TripRequest, request: str) -> object:
        """Predict hours from their dates and the weather of their days, or of every hour in `hourly`."""
        return {"predictions": service.trips(body, request=request)}

    def predict(body: contract.FeatureRequest, request: str) -> object:
        """Predict from engineered features: the predecessor's twelve, or the model's own."""
        return {"predictions": service.features(body.input_data, request=request)}

    add_prediction(
        app,
        "/predict_trip",
        predict_trip,
        body=contract.TripRequest,
        examples=TRIP_EXAMPLES,
        response_model=contract.Predictions,
    )
    add_prediction(
        app,
        "/predict",
        predict,
        body=contract.FeatureRequest,
        examples=FEATURE_EXAMPLES,
        response_model=contract.Predictions,
    )

    @app.get(
        "/forecast",
        response_model=contract.Forecast,
        responses=errors(403, 422, 429, 503),
        tags=["predictions"],
    )
    async def forecast(query: Annotated[contract.ForecastQuery, Query()], request: Request) -> Response:
        """Forecast the next hours; each says whether its weather is a forecast or typical of the season.

        Intervals take that weather for granted, so days ahead they hold fewer hours than they say.
        """
        return _json(service.forecast(query, request=request_id(request.scope)))


def _add_status(app: FastAPI, follower: ChampionFollower, code_version: str) -> None:
    add_status_routes(app, follower, code_version=code_version)

    @app.get("/model", response_model=ModelCard, responses=errors(403, 429, 503), tags=["status"])
    async def model() -> Response:
        """Describe the served model; 503 while only the seasonal profile answers."""
        return _json(model_card(follower.view()))


def _json(body: object) -> Response:
    return Response(to_json(body), media_type="application/json")

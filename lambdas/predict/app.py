"""The routes of the prediction API."""

from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.responses import Response
from pydantic_core import to_json

from bikecast.serving import contract, facts
from bikecast.serving.follower import ChampionFollower
from bikecast.serving.gateway import request_id
from bikecast.serving.http import create_app, errors
from bikecast.serving.service import PredictionService

DESCRIPTION = """Hourly Citi Bike demand: trips started in New York in an hour, with an interval.

Hours are New York wall time unless they carry an offset. Units: F, inch, mph. `source` tells who
answered: the champion, the previous champion, or the seasonal profile when no model can.
At most 1000 rows and 1 MB a request."""
HOURS_AHEAD = Query(
    ge=contract.FORECAST_HOURS_MIN, le=contract.FORECAST_HOURS_MAX, description="How many hours to forecast."
)


def build_app(service: PredictionService, follower: ChampionFollower, *, code_version: str) -> FastAPI:
    """Put the routes together."""
    app = create_app(
        title="bikecast",
        version=code_version,
        description=DESCRIPTION,
        max_body_bytes=contract.MAX_BODY_BYTES,
    )
    _add_predictions(app, service)
    _add_facts(app, follower, code_version)
    return app


def _add_predictions(app: FastAPI, service: PredictionService) -> None:
    refusals = errors(400, 403, 413, 415, 422, 429, 503)

    @app.post("/predict_trip", response_model=contract.Predictions, responses=refusals, tags=["predictions"])
    async def predict_trip(body: contract.TripRequest, request: Request) -> Response:
        """Predict hours from their dates and the weather of their days."""
        rows = service.trips(body.input_data, request=request_id(request.scope))
        return _json({"predictions": rows})

    @app.post("/predict", response_model=contract.Predictions, responses=refusals, tags=["predictions"])
    async def predict(body: contract.FeatureRequest, request: Request) -> Response:
        """Predict from engineered features: the predecessor's twelve, or the model's own."""
        rows = service.features(body.input_data, request=request_id(request.scope))
        return _json({"predictions": rows})

    @app.get(
        "/forecast",
        response_model=contract.Forecast,
        responses=errors(403, 422, 429, 503),
        tags=["predictions"],
    )
    async def forecast(
        request: Request, hours: Annotated[int, HOURS_AHEAD] = contract.FORECAST_HOURS_MIN
    ) -> Response:
        """Forecast the next hours; each says whether its weather is a forecast or typical of the season."""
        return _json(service.forecast(hours, request=request_id(request.scope)))


def _add_facts(app: FastAPI, follower: ChampionFollower, code_version: str) -> None:
    refusals = errors(403, 429, 503)

    @app.get("/health", response_model=contract.Health, responses=refusals, tags=["facts"])
    async def health() -> Response:
        """Tell whether and by whom requests are answered; 503 when nobody can."""
        return _json(facts.health(follower.view()))

    @app.get("/version", response_model=contract.Version, responses=refusals, tags=["facts"])
    async def version() -> Response:
        """Tell what code is deployed and what model it serves."""
        return _json(facts.version(follower.view(), code_version=code_version))

    @app.get("/model", response_model=contract.ModelCard, responses=refusals, tags=["facts"])
    async def model() -> Response:
        """Describe the served model; 503 while only the seasonal profile answers."""
        return _json(facts.model_card(follower.view()))


def _json(body: object) -> Response:
    return Response(to_json(body), media_type="application/json")

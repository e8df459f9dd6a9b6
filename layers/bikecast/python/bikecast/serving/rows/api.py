"""The routes of the prediction API of a declared use case."""

from collections.abc import Collection
from typing import Any

from fastapi import FastAPI
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic_core import to_json

from bikecast.serving.champion.follower import ChampionFollower, View
from bikecast.serving.rows.contract import (
    MAX_BODY_BYTES,
    FeatureCard,
    ModelCard,
    response_model,
)
from bikecast.serving.rows.service import RowService
from bikecast.serving.web.direct import add_prediction
from bikecast.serving.web.http import create_app
from bikecast.serving.web.problems import errors
from bikecast.serving.web.row_bodies import MAX_ROWS, rows_request
from bikecast.serving.web.status import add_status_routes
from bikecast.serving.web.status_contract import origin_of
from bikecast.use_case import UseCase


def build_app(
    service: RowService, follower: ChampionFollower, *, code_version: str, allowed_origins: Collection[str]
) -> FastAPI:
    """Put the routes together: what follows from the declaration, and the use case's own."""
    use_case = service.use_case
    posts: list[str] = []
    app = create_app(
        title=f"bikecast: {use_case.title}",
        version=code_version,
        description=_description(use_case),
        max_body_bytes=MAX_BODY_BYTES,
        posts=posts,
        allowed_origins=allowed_origins,
    )
    if use_case.api.add_routes is not None:
        use_case.api.add_routes(app, service, use_case)
    if "/predict" not in _posts(app):
        _add_predict(app, service)
    _add_status(app, follower, use_case, code_version)
    posts += _posts(app)  # the guard of bodies looks here at each request
    return app


def _posts(app: FastAPI) -> list[str]:
    return [
        route.path for route in app.routes if isinstance(route, APIRoute) and "POST" in (route.methods or ())
    ]


def _description(use_case: UseCase) -> str:
    return (
        f"{use_case.title}. `source` tells who answered: the champion, the previous champion, or a "
        f"baseline when no model can. At most {MAX_ROWS} {use_case.row[1]} and 1 MB a request."
    )


def _add_predict(app: FastAPI, service: RowService) -> None:
    use_case = service.use_case
    rows = enumerate(use_case.example_rows, 1)

    def predict(body: Any, request: str) -> object:
        return {"predictions": service.predict(body.input_data, request=request)}

    predict.__doc__ = f"Predict {use_case.row[1]} from their inputs."
    add_prediction(
        app,
        "/predict",
        predict,
        body=rows_request(service.row, name=f"{service.row.__name__}s"),
        examples={f"example {number}": {"value": {"input_data": [row]}} for number, row in rows},
        response_model=response_model(use_case),
    )


def _add_status(app: FastAPI, follower: ChampionFollower, use_case: UseCase, code_version: str) -> None:
    add_status_routes(app, follower, code_version=code_version)

    @app.get("/model", response_model=ModelCard, responses=errors(403, 429, 503), tags=["status"])
    async def model() -> Response:
        """Describe the served model; 503 while only the baseline answers."""
        return _json(model_card(use_case, follower.view()))


def model_card(use_case: UseCase, view: View) -> ModelCard:
    """Describe the best model in memory.

    Raises:
        UnavailableError: Only the baseline answers.
    """
    engine, origin = origin_of(view, fallback="baseline")
    return ModelCard(
        **origin,
        use_case=use_case.name,
        features=[FeatureCard(name=item.name, meaning=item.meaning) for item in use_case.features.columns],
        primary_metric=use_case.metrics[0].name,
        holdout=engine.manifest.holdout,
        baselines=engine.manifest.baselines,
        coverage=engine.model.model.state.coverage,
    )


def _json(body: object) -> Response:
    return Response(to_json(body), media_type="application/json")

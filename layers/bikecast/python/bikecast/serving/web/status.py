"""Status of the predictor: health and version, and the routes that tell them."""

from fastapi import FastAPI
from fastapi.responses import Response
from pydantic_core import to_json

from bikecast.names import PredictionSource
from bikecast.serving.champion.follower import ChampionFollower, View
from bikecast.serving.web.problems import errors, without_places
from bikecast.serving.web.status_contract import Health, Version


def describe_health(view: View) -> Health:
    """Tell who answers; anything but the champion, and any problem, is degraded."""
    leader = view.leader
    sound = leader.source is PredictionSource.CHAMPION and view.problem is None
    return Health(
        status="ok" if sound else "degraded",
        source=leader.source,
        model_version=leader.version,
        champion_version=view.champion_version,
        problem=None if view.problem is None else without_places(view.problem),
        automation=view.automation,
    )


def describe_version(view: View, *, code_version: str) -> Version:
    """Tell what is deployed and what it serves."""
    leader = view.leader
    return Version(
        code_version=code_version, model=leader.name, model_version=leader.version, source=leader.source
    )


def add_status_routes(app: FastAPI, follower: ChampionFollower, *, code_version: str) -> None:
    """Add ``/health`` and ``/version``."""
    refusals = errors(403, 429, 503)

    @app.get("/health", response_model=Health, responses=refusals, tags=["status"])
    async def health() -> Response:
        """Tell whether and by whom requests are answered; 503 when nobody can."""
        return _json(describe_health(follower.view()))

    @app.get("/version", response_model=Version, responses=refusals, tags=["status"])
    async def version() -> Response:
        """Tell what code is deployed and what model it serves."""
        return _json(describe_version(follower.view(), code_version=code_version))


def _json(body: Health | Version) -> Response:
    return Response(to_json(body), media_type="application/json")

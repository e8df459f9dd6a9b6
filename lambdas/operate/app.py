"""The routes of the operations API."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from bikecast.errors import FieldError, ForbiddenError
from bikecast.monitoring.reports.stored_reports import (
    Page,
    find_page,
    read_page,
    read_summary,
    results_key,
    whole_key,
)
from bikecast.requests import Day
from bikecast.serving.trainings import ID_PATTERN, SearchRequest, Training, Trainings
from bikecast.serving.web.gateway import Scope
from bikecast.serving.web.http import DOCS_SCRIPT, create_app
from bikecast.serving.web.problems import GatewayProblem, Problem, errors
from bikecast.storage import ObjectStore

DESCRIPTION = """Start trainings and read what the monitor found."""
MAX_BODY_BYTES = 10_000
# A function's answer has at most 6 MB, quotes and line ends escaped.
MAX_PAGE_BYTES = 4_000_000
DOCS_MAX_AGE_S = 86_400
DASHBOARD = FilePath(__file__).with_name("dashboard.html")
PAGE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/html": {"schema": {"type": "string"}}, "application/json": {"schema": {}}},
        "description": "The page, or Evidently's results of the whole window.",
    },
    307: {
        "description": "Redirects to a pre-signed URL, valid for a few minutes, when the report is too large "
        "to return inline."
    },
}
NO_DASHBOARD = "<!doctype html><title>bikecast</title><p>No dashboard is installed.</p>"


class WindowQuery(BaseModel):
    """Query of the report pages."""

    model_config = ConfigDict(extra="forbid")

    window_size: int | None = Field(
        None, ge=1, le=1_000_000, description="Only windows of as many days, or rows where rows have no time."
    )
    window_start: Day | None = Field(None, description="The window that begins on this day.")
    as_: Literal["html", "json"] = Field("html", alias="as", description="A page, or the numbers behind it.")


@dataclass(frozen=True)
class OperatePorts:
    """What the application needs of the world.

    Attributes:
        trainings: The retrain machine's executions.
        reports: The reports bucket.
        link: Signs a link to an object too large to pass on.
        glances: What there is of every use case at a glance.
        may_train: Whether a request came with the key that starts trainings.
    """

    trainings: Trainings
    reports: ObjectStore
    link: Callable[[str], str]
    glances: Callable[[], Iterable[dict[str, Any]]]
    may_train: Callable[[Scope], bool]


def build_app(ports: OperatePorts, *, code_version: str, allowed_origins: Collection[str] = ()) -> FastAPI:
    """Put the routes together."""
    app = create_app(
        title="bikecast operations",
        version=code_version,
        description=DESCRIPTION,
        max_body_bytes=MAX_BODY_BYTES,
        posts=("/training",),
        allowed_origins=allowed_origins,
        prefix="/monitoring",
    )
    _add_trainings(app, ports)
    _add_monitoring(app, ports)
    for page in Page:
        _add_page(app, ports, page)
    add_docs_files(app)
    return app


def add_docs_files(app: FastAPI) -> None:
    """Serve what the pages of documents need, those of the predictor too: its bundle stays small."""
    folder = files("fastapi_offline") / "static"

    @app.get("/docs/{name}", include_in_schema=False)
    @app.get("/monitoring/docs/{name}", include_in_schema=False)
    def read_docs_file(name: Literal["swagger-ui-bundle.js", "swagger-ui.css"]) -> Response:
        kind = "text/javascript" if name == DOCS_SCRIPT else "text/css"
        headers = {"cache-control": f"public, max-age={DOCS_MAX_AGE_S}"}
        return Response((folder / name).read_bytes(), media_type=kind, headers=headers)


def _add_trainings(app: FastAPI, ports: OperatePorts) -> None:
    refusals = errors(400, 403, 409, 413, 415, 422, 429, 503)
    refusals[403]["model"] = GatewayProblem | Problem

    def require_training_key(request: Request) -> None:
        if not ports.may_train(request.scope):
            raise ForbiddenError("this key starts no training: send the training key as `x-api-key`")

    def start_training(body: SearchRequest) -> Training:
        """Start a training; judged, it becomes champion only if it is better.

        It needs the training key, whose quota of the day is small; any key reads how it is doing.
        """
        try:
            return ports.trainings.start(body)
        except FieldError as err:
            problem = {"loc": ("body", err.field), "msg": str(err), "type": "not_loaded"}
            raise RequestValidationError([problem]) from err

    start_training.__annotations__["body"] = ports.trainings.request
    # The key comes before the body: who may not train is not told what a training takes.
    first = [Depends(require_training_key)]
    app.post("/training", status_code=202, responses=refusals, dependencies=first)(start_training)

    @app.get("/training/{training_id}", responses=errors(403, 404, 422, 429, 503))
    def read_training(training_id: Annotated[str, Path(pattern=ID_PATTERN)]) -> Training:
        """Return the state of a training and its result."""
        return ports.trainings.find(training_id)


def _add_monitoring(app: FastAPI, ports: OperatePorts) -> None:
    refusals = errors(403, 404, 429, 503)

    @app.get("/monitoring/summary", responses=refusals)
    def read_dashboard_summary() -> dict[str, Any]:
        """Return the monitor's last results, as the dashboard shows them."""
        return read_summary(ports.reports)

    @app.get("/monitoring/drift", responses=refusals)
    def read_drift() -> dict[str, Any]:
        """Return the verdicts of the latest windows, newest first."""
        return {"windows": read_summary(ports.reports).get("windows", [])}

    @app.get("/monitoring/use-cases", responses=errors(403, 429, 503))
    def read_use_cases() -> dict[str, Any]:
        """Return every use case at a glance, as its monitor last saw it."""
        return {"use_cases": list(ports.glances())}

    @app.get("/dashboard", include_in_schema=False)
    def read_dashboard() -> HTMLResponse:
        return HTMLResponse(DASHBOARD.read_text() if DASHBOARD.exists() else NO_DASHBOARD)


def _add_page(app: FastAPI, ports: OperatePorts, page: Page) -> None:
    @app.get(
        f"/monitor-{page}",
        name=f"read_{page}_report".replace("-", "_"),
        responses=PAGE | errors(403, 404, 422, 429, 503),
        response_model=None,
    )
    def read_report(query: Annotated[WindowQuery, Query()]) -> Response:
        """Return the report of the newest window that fits; a very large one by a redirect."""
        key = find_page(ports.reports, page, window_size=query.window_size, start=query.window_start)
        if query.as_ == "json":
            return Response(ports.reports.read(results_key(key)).body, media_type="application/json")
        body = read_page(ports.reports, key)
        if len(body) > MAX_PAGE_BYTES:
            return RedirectResponse(ports.link(whole_key(key)), status_code=307)
        return HTMLResponse(body)

"""Shared parts of the HTTP applications: error responses, and documents that work under any path."""

import logging
from collections.abc import Collection, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from bikecast import tracing
from bikecast.errors import (
    BikecastError,
    ConflictError,
    FeatureError,
    ForbiddenError,
    InputError,
    NotFoundError,
)
from bikecast.serving.web.bodies import MAX_PROBLEMS, MORE_PROBLEMS, EachKeyOnce, is_variant
from bikecast.serving.web.gateway import (
    REQUEST_ID_HEADER,
    TOO_MANY_ROWS,
    BodyGuard,
    RequestId,
    StagePath,
    request_id,
)
from bikecast.serving.web.headers import HEADERS, SecurityHeaders
from bikecast.serving.web.problems import without_places

log = logging.getLogger(__name__)

RETRY_AFTER_S = 5
SERVER_ERROR = 500
API_KEY_HEADER = "x-api-key"
# What the documents' pages load from the folder `docs` beside them.
DOCS_SCRIPT, DOCS_STYLE = "swagger-ui-bundle.js", "swagger-ui.css"
_STATUS_OF: tuple[tuple[type[BikecastError], int], ...] = (
    (InputError, 422),
    (FeatureError, 422),
    (ForbiddenError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
)


def create_app(
    *,
    title: str,
    version: str,
    description: str,
    max_body_bytes: int,
    posts: Collection[str],
    allowed_origins: Collection[str] = (),
    prefix: str = "",
) -> FastAPI:
    """Return an application with our errors, limits and documents; routes are the caller's.

    ``posts`` are the paths that take bodies; pages of ``allowed_origins`` may read answers in a browser;
    ``prefix`` comes before ``/docs`` and ``/openapi.json`` only.
    """
    tracing.start()
    app = FastAPI(
        title=title,
        version=version,
        description=description,
        servers=[{"url": "./", "description": "This server."}],
        root_path_in_servers=False,
        openapi_url=f"{prefix}/openapi.json",
        generate_unique_id_function=lambda route: route.name,  # what generated clients call it
        docs_url=None,
        redoc_url=None,
        telemetry={"operation_spans": False},  # one span a request, where traces are exported
    )
    app.router.route_class = EachKeyOnce
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(BikecastError, _failed)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(BodyGuard, paths=posts, max_bytes=max_body_bytes)
    if allowed_origins:
        _allow(app, allowed_origins)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestId)
    app.add_middleware(StagePath)
    _add_docs(app, prefix)
    _document_key(app)
    return app


def _allow(app: FastAPI, origins: Collection[str]) -> None:
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=["GET", "POST"],
        allow_headers=[API_KEY_HEADER, "content-type"],
        expose_headers=[REQUEST_ID_HEADER, "retry-after"],
    )


def _add_docs(app: FastAPI, prefix: str) -> None:
    @app.get(f"{prefix}/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(  # relative addresses work under any stage path
            title=app.title,
            openapi_url="openapi.json",
            swagger_js_url=f"docs/{DOCS_SCRIPT}",
            swagger_css_url=f"docs/{DOCS_STYLE}",
            swagger_favicon_url="data:,",
        )


def _document_key(app: FastAPI) -> None:
    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                servers=app.servers,
            )
            scheme = {"type": "apiKey", "in": "header", "name": API_KEY_HEADER}
            schema.setdefault("components", {})["securitySchemes"] = {"ApiKey": scheme}
            schema["security"] = [{"ApiKey": []}]
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to change the document


async def _invalid(request: Request, err: Exception) -> JSONResponse:
    assert isinstance(err, RequestValidationError)
    found = err.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return _problem(request, 400, "the body is not valid JSON")
    too_many = next((item for item in found if item["type"] == TOO_MANY_ROWS), None)
    if too_many is not None:
        return _problem(request, 413, str(too_many["msg"]))
    listed = [item for item in found if item["type"] != MORE_PROBLEMS]
    more = sum(item["ctx"]["more"] for item in found if item["type"] == MORE_PROBLEMS)
    body = {
        "detail": [_field_problem(item) for item in listed[:MAX_PROBLEMS]],
        "more": more + len(listed[MAX_PROBLEMS:]),
        "request_id": request_id(request.scope),
    }
    return JSONResponse(body, status_code=422)


def _field_problem(item: dict[str, Any]) -> dict[str, Any]:
    loc = [part for part in item["loc"] if not is_variant(part)]
    message = str(item["msg"]).removeprefix("Value error, ")
    return {"path": _path(loc), "loc": loc, "msg": message, "type": item["type"]}


def _path(loc: Sequence[str | int]) -> str:
    names = list(loc[1:]) or list(loc)
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in names).lstrip(".")


async def _refused(request: Request, err: Exception) -> JSONResponse:
    assert isinstance(err, HTTPException)
    response = _problem(request, err.status_code, str(err.detail))
    response.headers.update(err.headers or {})
    return response


async def _failed(request: Request, err: Exception) -> JSONResponse:
    status = next((code for kind, code in _STATUS_OF if isinstance(err, kind)), 503)
    trace = err if status >= SERVER_ERROR else None
    log.warning("request refused", extra={"status": status, "reason": str(err)}, exc_info=trace)
    response = _problem(request, status, without_places(str(err)))
    if status == 503:
        response.headers["retry-after"] = str(RETRY_AFTER_S)
    return response


async def _unexpected(request: Request, err: Exception) -> JSONResponse:
    log.error("request failed unexpectedly", exc_info=err)
    response = _problem(request, 500, "internal error; quote the request id when you report it")
    response.headers.update(HEADERS)  # this answer goes out past every middleware
    return response


def _problem(request: Request, status: int, detail: str) -> JSONResponse:
    return JSONResponse({"detail": detail, "request_id": request_id(request.scope)}, status_code=status)

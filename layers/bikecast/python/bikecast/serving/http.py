"""What our HTTP applications share: errors that say what to do, and documents that work under any path."""

import logging
from collections.abc import Collection, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from bikecast.errors import BikecastError, ConflictError, FeatureError, InputError, NotFoundError
from bikecast.serving.gateway import TOO_MANY_ROWS, BodyGuard, RequestId, StagePath, request_id

log = logging.getLogger(__name__)

RETRY_AFTER_S = 5
SERVER_ERROR = 500
API_KEY_HEADER = "x-api-key"
# What the documents' pages load from the folder `docs` beside them.
DOCS_SCRIPT, DOCS_STYLE = "swagger-ui-bundle.js", "swagger-ui.css"
_VARIANTS = frozenset({"clock", "model"})  # names of union members, which pydantic puts into the path
_STATUS_OF: tuple[tuple[type[BikecastError], int], ...] = (
    (InputError, 422),
    (FeatureError, 422),
    (NotFoundError, 404),
    (ConflictError, 409),
)


class FieldProblem(BaseModel):
    """One field that breaks the contract."""

    path: str = Field(description="Where it is, such as `input_data[0].TMAX`.")
    loc: list[str | int] = Field(description="The same as a list, starting with body, query or path.")
    msg: str
    type: str


class InvalidRequest(BaseModel):
    """Answer 422: every field that breaks the contract."""

    detail: list[FieldProblem]
    request_id: str


class Problem(BaseModel):
    """Any other error, in one sentence."""

    detail: str
    request_id: str


class GatewayProblem(BaseModel):
    """What API Gateway says by itself, before we are asked."""

    message: str


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of error statuses."""
    return {
        status: {"model": _BODIES.get(status, Problem), "description": _MEANING[status]}
        for status in statuses
    }


_BODIES: dict[int, type[BaseModel]] = {403: GatewayProblem, 422: InvalidRequest, 429: GatewayProblem}
_MEANING = {
    400: "The body is no JSON.",
    403: "The API key is missing or wrong.",
    404: "There is no such thing.",
    409: "Something else runs under this name.",
    413: "Too many rows or bytes; split the batch.",
    415: "The body is not `application/json`.",
    422: "Fields break the contract; each is named.",
    429: "Over the usage plan's rate; wait and try again.",
    503: "Nothing can answer at the moment; try again.",
}


def create_app(
    *,
    title: str,
    version: str,
    description: str,
    max_body_bytes: int,
    posts: Collection[str],
    prefix: str = "",
) -> FastAPI:
    """Return an application with our errors, limits and documents; routes are the caller's.

    ``posts`` are the paths that take bodies; ``prefix`` comes before ``/docs`` and ``/openapi.json`` only.
    """
    app = FastAPI(
        title=title,
        version=version,
        description=description,
        servers=[{"url": "./", "description": "Where this document was read."}],
        root_path_in_servers=False,
        openapi_url=f"{prefix}/openapi.json",
        generate_unique_id_function=lambda route: route.name,  # what generated clients call it
        docs_url=None,
        redoc_url=None,
    )
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(BikecastError, _failed)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(BodyGuard, paths=posts, max_bytes=max_body_bytes)
    app.add_middleware(RequestId)
    app.add_middleware(StagePath)
    _add_docs(app, prefix)
    _document_key(app)
    return app


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

    app.openapi = openapi  # type: ignore[method-assign]


async def _invalid(request: Request, err: Exception) -> JSONResponse:
    assert isinstance(err, RequestValidationError)
    found = err.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return _problem(request, 400, "the body is no JSON")
    too_many = next((item for item in found if item["type"] == TOO_MANY_ROWS), None)
    if too_many is not None:
        return _problem(request, 413, str(too_many["msg"]))
    fields = [_field_problem(item) for item in found]
    return JSONResponse({"detail": fields, "request_id": request_id(request.scope)}, status_code=422)


def _field_problem(item: dict[str, Any]) -> dict[str, Any]:
    loc = [part for part in item["loc"] if part not in _VARIANTS]
    message = str(item["msg"]).removeprefix("Value error, ")
    return {"path": _path(loc), "loc": loc, "msg": message, "type": item["type"]}


def _path(loc: Sequence[str | int]) -> str:
    names = [part for part in loc[1:] if part not in _VARIANTS] or list(loc)
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
    response = _problem(request, status, str(err))
    if status == 503:
        response.headers["retry-after"] = str(RETRY_AFTER_S)
    return response


async def _unexpected(request: Request, err: Exception) -> JSONResponse:
    log.error("request failed unexpectedly", exc_info=err)
    return _problem(request, 500, "internal error; quote the request id when you report it")


def _problem(request: Request, status: int, detail: str) -> JSONResponse:
    return JSONResponse({"detail": detail, "request_id": request_id(request.scope)}, status_code=status)

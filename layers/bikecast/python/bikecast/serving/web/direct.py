"""Routes that predict, and a direct way to answer plain requests of them, without the application.

The application does the same and more for every request: half of the time of one row. What is valid and
plain is answered here, the same in every byte; anything else is left to the application, which says what
is wrong with it.
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Body, FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import Response
from pydantic import TypeAdapter
from pydantic_core import to_json

from bikecast.serving.web.bodies import each_key_once
from bikecast.serving.web.gateway import (
    JSON_MEDIA_TYPE,
    REQUEST_ID_HEADER,
    media_type,
    request_id,
    requested_path,
)
from bikecast.serving.web.headers import HEADERS
from bikecast.serving.web.problems import errors

MAX_CHARACTERS = 64 * 1024  # a larger body is validated for milliseconds, and gains nothing
FAILURE = "bikecast.failure"  # where an event carries what was raised here to the application
# Gets the checked body and the request's id, and returns what becomes the answer's JSON.
Answer = Callable[[Any, str], object]


@dataclass(frozen=True)
class PredictionRoute:
    """What a route takes, and how it is answered."""

    body: TypeAdapter[Any]
    answer: Answer


def add_prediction(
    app: FastAPI, path: str, answer: Answer, *, body: Any, examples: Any, response_model: Any
) -> None:
    """Add a route that predicts.

    Args:
        app: The application.
        path: Where it is posted to.
        answer: The route's function; its name and docstring are those of the API's document.
        body: Type of the body.
        examples: OpenAPI examples of bodies, by name.
        response_model: Type of the answer.
    """

    async def predict(body: Any, request: Request) -> Response:
        failure = request.scope.get("aws.event", {}).get(FAILURE)
        if failure is not None:
            raise failure
        return Response(to_json(answer(body, request_id(request.scope))), media_type=JSON_MEDIA_TYPE)

    predict.__name__, predict.__doc__ = answer.__name__, answer.__doc__
    predict.__annotations__["body"] = Annotated[body, Body(openapi_examples=examples)]  # made at run time
    refusals = errors(400, 403, 413, 415, 422, 429, 503)
    app.post(path, response_model=response_model, responses=refusals, tags=["predictions"])(predict)
    app.state[path] = PredictionRoute(TypeAdapter(body), answer)


class DirectAnswers:
    """Answers plain requests of an application's prediction routes."""

    def __init__(self, app: FastAPI) -> None:
        kept = {path: app.state[path] for path in app.state}
        self._routes = {path: item for path, item in kept.items() if isinstance(item, PredictionRoute)}
        behind: list[object] = [item.cls for item in app.user_middleware]
        varies = {"vary": "Origin"} if CORSMiddleware in behind else {}
        self._headers = {"content-type": JSON_MEDIA_TYPE, **varies, **HEADERS}

    def answer(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """Return the response to API Gateway's event; ``None`` leaves the request to the application."""
        route = self._routes.get(requested_path(event))
        if route is None or not _is_plain(event):
            return None
        name = str(event["requestContext"].get("requestId") or uuid.uuid4())
        try:
            body = json.loads(event["body"], object_pairs_hook=each_key_once)
            checked = route.body.validate_python(body)
        except Exception:  # noqa: BLE001 - the application finds the same fault, and says what it is
            return None
        try:
            text = to_json(route.answer(checked, name))
        except Exception as err:  # noqa: BLE001 - the application raises it again, logs it and answers
            event[FAILURE] = err
            return None
        return {
            "statusCode": 200,
            "headers": {"content-length": str(len(text)), **self._headers, REQUEST_ID_HEADER: name},
            "multiValueHeaders": {},
            "body": text.decode(),
            "isBase64Encoded": False,
        }


def _is_plain(event: dict[str, Any]) -> bool:
    """Tell whether nothing but path, body and id of a request can matter to its answer."""
    body = event.get("body")
    return (
        event["httpMethod"] == "POST"
        and isinstance(body, str)
        and len(body) <= MAX_CHARACTERS
        and body.isascii()
        and not event.get("isBase64Encoded")
        and not event.get("queryStringParameters")
        and not event.get("multiValueQueryStringParameters")
        and _has_plain_headers(event)
    )


def _has_plain_headers(event: dict[str, Any]) -> bool:
    """Tell whether a request says once that it is JSON, and comes from no page in a browser."""
    one = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    several = {name.lower(): values for name, values in (event.get("multiValueHeaders") or {}).items()}
    stated = one.get("content-type", "")
    return (
        media_type(stated) == JSON_MEDIA_TYPE
        and several.get("content-type", [stated]) == [stated]
        and "origin" not in one
        and "origin" not in several
    )

"""Requests behind API Gateway: the stage in the path, the request's id, limits on the body. Plain ASGI."""

import json
import uuid
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from bikecast import tracing

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

REQUEST_ID_HEADER = "x-request-id"
JSON_MEDIA_TYPE = "application/json"
TOO_MANY_ROWS = "too_many_rows"  # a validation error of this type is answered by 413


def request_id(scope: Scope) -> str:
    """Return the id that API Gateway gave the request; one made here where there is no gateway."""
    return str(scope.get("state", {}).get("request_id", ""))


def is_request(event: object) -> bool:
    """Whether an event is API Gateway's: anything else, such as a ping that keeps a function warm, is not."""
    return isinstance(event, dict) and "resource" in event and "requestContext" in event


def api_key_id(scope: Scope) -> str | None:
    """Return which of the API's keys the caller used; ``None`` where no gateway asked for one."""
    identity = scope.get("aws.event", {}).get("requestContext", {}).get("identity") or {}
    found: str | None = identity.get("apiKeyId")
    return found


class StagePath:
    """Tells the application what the world puts before its paths: the stage, or a custom domain's base path.

    The event of a REST API names the path that the caller used and the resource that it matched;
    what remains of the first is the prefix.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        event = scope.get("aws.event")
        if event is not None:
            path = requested_path(event) or scope["path"]
            asked = event["requestContext"].get("path") or path
            scope["root_path"] = asked.removesuffix(path).rstrip("/")
            scope["path"] = scope["root_path"] + path
        await self._app(scope, receive, send)


def requested_path(event: dict[str, Any]) -> str:
    """Return the path below the stage of API Gateway's event; empty where the event does not tell."""
    path: str = event.get("resource") or ""
    for name, value in (event.get("pathParameters") or {}).items():
        path = path.replace(f"{{{name}+}}", value).replace(f"{{{name}}}", value)
    return "" if "{" in path else path


class RequestId:
    """Gives every request an id and every response a header that names it."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        context = scope.get("aws.event", {}).get("requestContext", {})
        name = str(context.get("requestId") or uuid.uuid4())
        scope.setdefault("state", {})["request_id"] = name
        tracing.note(request_id=name)
        header = (REQUEST_ID_HEADER.encode(), name.encode())

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), header]
            await send(message)

        return await self._app(scope, receive, send_named)


class BodyGuard:
    """Refuses bodies that are not JSON (415) or larger than allowed (413) before anybody parses them.

    Args:
        app: What is behind it.
        paths: Where bodies are expected; elsewhere nobody reads them.
        max_bytes: The largest body.
    """

    def __init__(self, app: App, *, paths: Collection[str], max_bytes: int) -> None:
        self._app, self._paths, self._max_bytes = app, paths, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if scope["type"] != "http" or scope["method"] != "POST" or path not in self._paths:
            return await self._app(scope, receive, send)
        got = media_type(_header(scope, b"content-type"))
        if got != JSON_MEDIA_TYPE:
            detail = f"send `content-type: {JSON_MEDIA_TYPE}`; got {got or 'none'}"
            return await _refuse(scope, send, 415, detail)
        body = await _body(receive, self._max_bytes)
        if len(body) > self._max_bytes:
            return await _refuse(scope, send, 413, f"at most {self._max_bytes} bytes; split the batch")
        return await self._app(scope, _replay(body, receive), send)


def media_type(content_type: str) -> str:
    """Return the media type that a header names, without its parameters."""
    return content_type.partition(";")[0].strip().lower()


async def _body(receive: Receive, max_bytes: int) -> bytes:
    body = b""
    while len(body) <= max_bytes:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return body


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay


async def _refuse(scope: Scope, send: Send, status: int, detail: str) -> None:
    body = json.dumps({"detail": detail, "request_id": request_id(scope)}).encode()
    await send(
        {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]}
    )
    await send({"type": "http.response.body", "body": body})


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name), "")

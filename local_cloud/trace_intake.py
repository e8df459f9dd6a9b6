"""The emulator keeps the spans that functions and steps export to it: OTLP over HTTP, on its own port.

What arrives is appended to one file. Messages of protobuf that follow each other are one message with the
lists of both, so the file is always one whole export. Runs in the emulator's environment.
"""

import os
from http import HTTPStatus
from pathlib import Path
from typing import Any

from ministack import app

from local_cloud.fidelity.anchors import require

PATH = "/v1/traces"
MAX_FILE_BYTES = 64 * 1024 * 1024
Response = tuple[int, dict[str, str], bytes]


def keep_in(file: Path) -> None:
    """Make the next server append to ``file``."""
    require(
        app.app, "await _handle_post_body_shortcuts(method, path, headers, body, query_params, request_id)"
    )
    original = app._handle_post_body_shortcuts

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any, request_id: str
    ) -> Response | None:
        if (method, path) == ("POST", PATH):
            return _keep(file, body, headers)
        answer: Response | None = await original(method, path, headers, body, query, request_id)
        return answer

    app._handle_post_body_shortcuts = handle


def _keep(file: Path, body: bytes, headers: dict[str, str]) -> Response:
    if headers.get("content-type") != "application/x-protobuf" or "content-encoding" in headers:
        return HTTPStatus.UNSUPPORTED_MEDIA_TYPE, {}, b""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with open(descriptor, "ab") as opened:
        if opened.tell() + len(body) > MAX_FILE_BYTES:
            return HTTPStatus.INSUFFICIENT_STORAGE, {}, b""
        opened.write(body)
    return HTTPStatus.OK, {"Content-Type": "application/x-protobuf"}, b""

"""The guard before a page on loopback, which every user of this machine can reach. Plain ASGI.

Only requests to the page's own address pass, which keeps other sites' pages out of it (DNS rebinding); where
there is a password, only those who know it; and only what reads.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Collection
from dataclasses import dataclass

from pydantic import SecretStr

from bikecast.serving.web.gateway import App, Receive, Scope, Send
from bikecast.serving.web.headers import SecurityHeaders

READING = frozenset({"GET", "HEAD", "OPTIONS"})
# Other people's pages load what they like of themselves; they are framed by nobody.
HEADERS = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "content-security-policy": "connect-src 'self'; frame-ancestors 'self'; form-action 'self'",
    "referrer-policy": "no-referrer",
}


@dataclass(frozen=True)
class Refusal:
    """An answer instead of the page's."""

    status: int
    code: str
    message: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Who may do what.

    Attributes:
        port: Where the page listens; requests must name it.
        user: Who logs in.
        password: With what; ``None`` lets everybody in.
        searches: Last parts of paths whose POST only reads.
    """

    port: int
    user: str = ""
    password: SecretStr | None = None
    searches: Collection[str] = ()

    def refusal(self, scope: Scope) -> Refusal | None:
        """Return why a request does not pass, or ``None`` if it does."""
        if _header(scope, b"host") not in (f"127.0.0.1:{self.port}", f"localhost:{self.port}"):
            return Refusal(403, "PERMISSION_DENIED", "this page answers under its own address only")
        if not self._knows(_header(scope, b"authorization")):
            return Refusal(401, "UNAUTHENTICATED", LOGIN, ((b"www-authenticate", b'Basic realm="bikecast"'),))
        if not self._reads(scope):
            return Refusal(403, "PERMISSION_DENIED", "this page only shows; `bikecast` changes things")
        return None

    def _knows(self, authorization: str) -> bool:
        if self.password is None:
            return True
        scheme, _, encoded = authorization.partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return False
        expected = f"{self.user}:{self.password.get_secret_value()}".encode()
        return scheme.lower() == "basic" and hmac.compare_digest(given, expected)

    def _reads(self, scope: Scope) -> bool:
        last = str(scope["path"]).rstrip("/").rpartition("/")[2]
        return scope["method"] in READING or (scope["method"] == "POST" and last in self.searches)


LOGIN = "log in with the user and the password that `bikecast outputs` shows"


class Guard:
    """Lets through what the rules let through; answers the rest itself.

    Args:
        app: The page's own application.
        rules: Who may do what.
    """

    def __init__(self, app: App, *, rules: Rules) -> None:
        self._app, self._rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        refusal = self._rules.refusal(scope)
        return await (self._app(scope, receive, send) if refusal is None else _answer(refusal, send))


def guarded(app: App, *, rules: Rules) -> App:
    """Return the page behind its guard, with headers on every answer."""
    return SecurityHeaders(Guard(app, rules=rules), headers=HEADERS)


async def _answer(refusal: Refusal, send: Send) -> None:
    headers = [(b"content-type", b"application/json"), *refusal.headers]
    body = json.dumps({"error_code": refusal.code, "message": refusal.message}).encode()
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name), "")

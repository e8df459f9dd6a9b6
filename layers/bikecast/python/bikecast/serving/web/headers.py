"""Headers of every answer: no sniffing, no frames, no copies kept of what is not public. Plain ASGI."""

from collections.abc import Mapping

from bikecast.serving.web.gateway import App, Message, Receive, Scope, Send

# Pages draw with scripts and styles of their own; none may load or send anything elsewhere.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'unsafe-inline'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "no-referrer",
}


class SecurityHeaders:
    """Adds the headers that an answer does not set itself.

    Args:
        app: What is behind it.
        headers: Names in lower case, and values.
    """

    def __init__(self, app: App, *, headers: Mapping[str, str] = HEADERS) -> None:
        self._app = app
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = list(message.get("headers", []))
                names = {name.lower() for name, _ in own}
                message["headers"] = own + [item for item in self._headers if item[0] not in names]
            await send(message)

        await self._app(scope, receive, send_secured)

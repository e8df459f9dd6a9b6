"""A small web server that behaves as badly as the web does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from use_cases.citibike.web import Patience

QUICK = Patience(attempts=4, longest_wait_s=0.01, timeout_s=5)


@dataclass
class Site:
    """What the server answers, and what it was asked.

    Args:
        pages: Body by path.
        failures: Statuses to answer first, in order.
        cut_after: Bytes after which the connection ends, for the first answers in order.
        honours_ranges: Whether a download can be resumed.
    """

    pages: dict[str, bytes]
    failures: list[int] = field(default_factory=list)
    cut_after: list[int] = field(default_factory=list)
    honours_ranges: bool = True
    ranges: list[str | None] = field(default_factory=list)
    queries: list[dict[str, list[str]]] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """Serve a site on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            site.ranges.append(self.headers.get("Range"))
            site.queries.append(parse_qs(address.query))
            body = site.pages.get(address.path)
            if site.failures or body is None:
                self.send_error(site.failures.pop(0) if site.failures else 404)
                return
            self._answer(body)

        def _answer(self, body: bytes) -> None:
            wanted = self.headers.get("Range")
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and site.honours_ranges else 0
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            end = site.cut_after.pop(0) if site.cut_after else len(body)
            self.wfile.write(body[start : max(end, start)])

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    site.url = f"http://127.0.0.1:{server.server_address[1]}/"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()

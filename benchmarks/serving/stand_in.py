"""A stand-in for S3 and SQS, as far as the predictor uses them, so that the real handler runs unchanged.

``python -m benchmarks.serving.stand_in FOLDER`` serves a folder as the bucket, takes every message,
and prints its port.
"""

import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bikecast.storage import FolderStore, MissingObjectError


class Handler(BaseHTTPRequestHandler):
    """``GET /bucket/key`` reads; any ``POST`` is a message sent."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave together; two small packets would wait for each other
    disable_nagle_algorithm = True
    store: FolderStore

    def do_GET(self) -> None:
        key = unquote(urlsplit(self.path).path).split("/", 2)[2]
        try:
            found = self.store.read(key)
        except MissingObjectError:
            return self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        if self.headers.get("If-None-Match") == found.etag:
            return self._answer(304, b"", etag=found.etag)
        return self._answer(200, found.body, etag=found.etag)

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["MessageBody"]
        digest = hashlib.md5(message.encode(), usedforsecurity=False).hexdigest()
        self._answer(200, json.dumps({"MessageId": "1", "MD5OfMessageBody": digest}).encode())

    def _answer(self, status: int, body: bytes, *, etag: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if etag is not None:
            self.send_header("ETag", etag)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Says nothing of clients that go without a farewell."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


def main(folder: str) -> None:
    """Serve until killed."""
    Handler.store = FolderStore(Path(folder))
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])

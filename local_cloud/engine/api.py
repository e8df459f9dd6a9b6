"""The part of Docker's Engine API that the emulator's client uses, over a unix socket.

Source: https://docs.docker.com/reference/api/engine/version/v1.43/
"""

import json
import re
import signal
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from local_cloud.engine import views
from local_cloud.engine.images import NoSuchImageError, body_of
from local_cloud.engine.logs import STDERR, STDOUT
from local_cloud.engine.registry import NameTakenError, NoSuchContainerError, Registry

API_VERSION = "1.43"
_VERSION_PREFIX = re.compile(r"^/v[\d.]+")


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    registry: ClassVar[Registry]
    query: dict[str, str]
    body: bytes

    def address_string(self) -> str:
        """A unix socket's client has no address."""
        return "local"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing about single requests."""

    def do_GET(self) -> None:
        """Serve any verb by the route table."""
        self._serve()

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815 - the base class calls these names

    def _serve(self) -> None:
        address = urlsplit(self.path)
        path = _VERSION_PREFIX.sub("", unquote(address.path))
        self.query = {key: values[0] for key, values in parse_qs(address.query).items()}
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self._route(path)
        except (NoSuchContainerError, NoSuchImageError) as missing:
            self.answer(404, {"message": str(missing)})
        except NameTakenError as taken:
            self.answer(409, {"message": str(taken)})
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _route(self, path: str) -> None:
        for verb, pattern, action in _ROUTES:
            found = re.fullmatch(pattern, path)
            if found and self.command in verb:
                return action(self, **found.groupdict())
        return self.answer(501, {"message": f"this engine does not know {self.command} {path}"})

    def answer(self, status: int, value: Any = None) -> None:
        """Send one JSON value, or nothing."""
        text = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Api-Version", API_VERSION)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def stream(self, chunks: Iterable[bytes]) -> None:
        """Send pieces as they come."""
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.docker.raw-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def flag(self, name: str) -> bool:
        """Whether a query parameter is on."""
        return self.query.get(name, "").lower() in ("1", "true")

    # What the routes do.

    def ping(self) -> None:
        self.answer(200, "OK")

    def version(self) -> None:
        self.answer(200, views.version(API_VERSION))

    def nothing(self) -> None:
        self.answer(200, [])

    def accept(self, **_: str) -> None:
        self.answer(201, {})

    def pull(self) -> None:
        tag = self.query.get("tag", "")
        name = self.query.get("fromImage", "") + (f":{tag}" if tag else "")
        self._known(name)
        self.answer(200, {"status": f"{name} runs as a process"})

    def image(self, name: str) -> None:
        self._known(name)
        self.answer(200, views.image(name))

    def _known(self, name: str) -> None:
        if not self.registry.images.knows(name):
            raise NoSuchImageError(f"No such image: {name}")

    def listing(self) -> None:
        labels = json.loads(self.query.get("filters", "{}")).get("label", [])
        rows = [c for c in self.registry.all() if self.flag("all") or c.status == "running"]
        self.answer(200, [views.row(c) for c in rows if views.has_labels(c, labels)])

    def create(self) -> None:
        container = self.registry.create(self.query.get("name"), body_of(self.body))
        self.answer(201, {"Id": container.id, "Warnings": []})

    def inspect(self, ref: str) -> None:
        self.answer(200, views.inspection(self.registry.get(ref)))

    def remove(self, ref: str) -> None:
        self.registry.remove(self.registry.get(ref))
        self.answer(204)

    def start(self, ref: str) -> None:
        self.registry.get(ref).start()
        self.answer(204)

    def stop(self, ref: str) -> None:
        self.registry.get(ref).stop(grace_s=float(self.query.get("t", "10")))
        self.answer(204)

    def restart(self, ref: str) -> None:
        container = self.registry.get(ref)
        container.stop(grace_s=float(self.query.get("t", "10")))
        container.start()
        self.answer(204)

    def kill(self, ref: str) -> None:
        self.registry.get(ref).kill(_signal(self.query.get("signal", "SIGKILL")))
        self.answer(204)

    def wait(self, ref: str) -> None:
        container = self.registry.get(ref)
        container.wait()
        self.answer(200, {"StatusCode": container.exit_code, "Error": None})

    def logs(self, ref: str) -> None:
        container = self.registry.get(ref)
        container.settle()
        since_s = float(self.query.get("since", "0"))
        tail = self.query.get("tail", "all")
        lines = (
            container.log.follow(since_s=since_s, ended=container.ended)
            if self.flag("follow")
            else container.log.lines(since_s=since_s, tail=int(tail) if tail.isdigit() else None)
        )
        wanted = {number for name, number in (("stdout", STDOUT), ("stderr", STDERR)) if self.flag(name)}
        stamps = self.flag("timestamps")
        self.stream(line.frame(timestamps=stamps) for line in lines if line.stream in wanted)

    def volume(self, name: str) -> None:
        self.answer(200, {"Name": name, "Driver": "folder"})

    def remove_volume(self, name: str) -> None:
        self.registry.remove_volume(name)
        self.answer(204)


def _signal(name: str) -> signal.Signals:
    if name.isdigit():
        return signal.Signals(int(name))
    return signal.Signals[name if name.startswith("SIG") else f"SIG{name}"]


Action = Callable[..., None]
_READ, _CONTAINER = ("GET", "HEAD"), r"/containers/(?P<ref>[^/]+)"
_ROUTES: tuple[tuple[tuple[str, ...], str, Action], ...] = (
    (_READ, "/_ping", Handler.ping),
    (_READ, "/(version|info)", lambda self, **_: self.version()),
    (("POST",), "/images/create", Handler.pull),
    (("POST",), "/images/(?P<name>.+)/tag", Handler.accept),
    (_READ, "/(networks|images/json)", lambda self, **_: self.nothing()),
    (_READ, "/(images|distribution)/(?P<name>.+)/json", Handler.image),
    (_READ, "/containers/json", Handler.listing),
    (("POST",), "/containers/create", Handler.create),
    (_READ, f"{_CONTAINER}/json", Handler.inspect),
    (("POST",), f"{_CONTAINER}/start", Handler.start),
    (("POST",), f"{_CONTAINER}/stop", Handler.stop),
    (("POST",), f"{_CONTAINER}/restart", Handler.restart),
    (("POST",), f"{_CONTAINER}/kill", Handler.kill),
    (("POST",), f"{_CONTAINER}/wait", Handler.wait),
    (_READ, f"{_CONTAINER}/logs", Handler.logs),
    (("DELETE",), _CONTAINER, Handler.remove),
    # A certificate for the database comes this way; on loopback the bundled server needs none.
    (("PUT",), f"{_CONTAINER}/archive", lambda self, **_: self.answer(200)),
    (_READ, "/volumes/(?P<name>.+)", Handler.volume),
    (("DELETE",), "/volumes/(?P<name>.+)", Handler.remove_volume),
)

"""After the answer: against a runtime API that behaves as Lambda documents it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bikecast.serving.log.after_response import AfterResponse

LIMIT_S = 5


class RuntimeApi(ThreadingHTTPServer):
    """Registers one extension and gives it an event each time the test allows one."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.registered: list[tuple[str, dict[str, list[str]]]] = []
        self.asked = threading.Semaphore(0)
        self.invocations = threading.Semaphore(0)
        self.refuses = False

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: RuntimeApi

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.registered.append((self.headers["Lambda-Extension-Name"], body))
        self._answer(403 if self.server.refuses else 200)

    def do_GET(self) -> None:
        assert self.headers["Lambda-Extension-Identifier"] == "the-id"
        self.server.asked.release()
        self.server.invocations.acquire()
        self._answer(200)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Lambda-Extension-Identifier", "the-id")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def runtime() -> Iterator[RuntimeApi]:
    server = RuntimeApi()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def test_the_environment_is_held_until_the_work_after_each_answer_is_done(runtime: RuntimeApi) -> None:
    finishing, may_finish = threading.Event(), threading.Event()

    def finish() -> None:
        finishing.set()
        may_finish.wait(LIMIT_S)

    after = AfterResponse(runtime.address, finish).start()
    assert runtime.registered == [("bikecast-after-response", {"events": ["INVOKE"]})]
    assert runtime.asked.acquire(timeout=LIMIT_S)
    runtime.invocations.release()
    assert not finishing.wait(0.05)  # the function still works
    after.answered()
    assert finishing.wait(LIMIT_S)
    assert not runtime.asked.acquire(timeout=0.05)  # Lambda must not freeze us yet
    may_finish.set()
    assert runtime.asked.acquire(timeout=LIMIT_S)  # now it may


def test_an_answer_before_the_event_arrives_is_not_missed(runtime: RuntimeApi) -> None:
    done = threading.Semaphore(0)
    after = AfterResponse(runtime.address, done.release).start()
    for _ in range(3):
        after.answered()
        runtime.invocations.release()
        assert done.acquire(timeout=LIMIT_S)


def test_a_refused_registration_is_an_error(runtime: RuntimeApi) -> None:
    runtime.refuses = True
    with pytest.raises(OSError, match="403"):
        AfterResponse(runtime.address, lambda: None).start()

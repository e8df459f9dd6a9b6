"""A client that asks all the time, and remembers what it was promised."""

import contextlib
import threading
import time
from http import HTTPStatus

import httpx

from benchmarks.load.ledger import stored_rows
from tests.deployment import Deployment, eventually

PAUSE_S = 0.05
STORED_LIMIT_S = 90
ROW = {"date": "2025-04-03 12:00", "TMAX": 61.0, "TMIN": 44.0, "SNOW": 0.0}


class Client:
    """Asks from ``start`` to ``stop``; ``accepted`` are version and source by prediction id."""

    def __init__(self, cloud: Deployment) -> None:
        self.accepted: dict[str, tuple[str, str]] = {}
        self.sent = 0
        self._cloud = cloud
        self._begun_s = time.monotonic()
        self._stop, self._thread = threading.Event(), threading.Thread()

    def start(self) -> None:
        """Begin to ask."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()
        self._thread.join()

    def lost(self) -> int:
        """Send again what waits, and return how many accepted predictions are not in Postgres in the end."""
        since_s = time.monotonic() - self._begun_s
        self._cloud.bikecast("redrive", "--since", f"{int(since_s) + 60}s")
        try:
            eventually(lambda: not self._missing(), timeout_s=STORED_LIMIT_S, every_s=3)
        except AssertionError:
            return self._missing()
        return 0

    def _missing(self) -> int:
        return stored_rows(self._cloud, self.accepted, {}).missing

    def _ask(self) -> None:
        headers, url = {"x-api-key": self._cloud.outputs["api_key"]}, self._cloud.outputs["api_url"]
        with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
            while not self._stop.wait(PAUSE_S):
                self.sent += 1
                with contextlib.suppress(httpx.TransportError):
                    self._accept(client.post("/predict_trip", json={"input_data": [ROW]}))

    def _accept(self, answer: httpx.Response) -> None:
        if answer.status_code == HTTPStatus.OK:
            [row] = answer.json()["predictions"]
            self.accepted[f"{answer.headers['x-request-id']}-0"] = (row["model_version"], row["source"])

"""Clients that ask without pause, check every answer and remember what they were promised."""

import random
import threading
import time
from collections import Counter

import httpx

from benchmarks.load.versions import Versions
from tests.deployment import Deployment

MAX_EXAMPLES = 5


class Fire:
    """All clients together.

    Attributes:
        accepted: By prediction id, the version and source that the answer named.
        examples: A few answers that should not have been.
    """

    def __init__(self, cloud: Deployment, versions: Versions, *, clients: int) -> None:
        self.statuses: Counter[str] = Counter()
        self.sources: Counter[str] = Counter()
        self.versions: Counter[str] = Counter()
        self.latencies_s: list[float] = []
        self.accepted: dict[str, tuple[str, str]] = {}
        self.n_wrong, self.examples = 0, list[str]()
        self.lasted_s = 0.0
        self._cloud, self._expected = cloud, versions
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._clients, self._threads = clients, list[threading.Thread]()

    def start(self) -> None:
        """Open fire."""
        self._begun_s = time.perf_counter()
        self.reinforce()

    def reinforce(self) -> None:
        """Let as many clients as in the beginning join."""
        for _ in range(self._clients):
            self._threads.append(threading.Thread(target=self._ask, args=(len(self._threads),)))
            self._threads[-1].start()

    def stop(self) -> None:
        """Cease, once every question is answered."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.lasted_s = time.perf_counter() - self._begun_s

    def _ask(self, seed: int) -> None:
        chance = random.Random(seed)
        headers = {"x-api-key": self._cloud.outputs["api_key"]}
        url = self._cloud.outputs["api_url"]
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            while not self._stop.is_set():
                question = chance.randrange(len(self._expected.questions))
                started_s = time.perf_counter()
                try:
                    response = client.post(
                        "/predict_trip", json={"input_data": self._expected.questions[question]}
                    )
                except httpx.TransportError as err:
                    self._note(type(err).__name__, str(err))
                    continue
                self._judge(question, response, time.perf_counter() - started_s)

    def _judge(self, question: int, response: httpx.Response, took_s: float) -> None:
        if response.status_code != 200:
            return self._note(str(response.status_code), response.text)
        rows, request = response.json()["predictions"], response.headers["x-request-id"]
        right = self._expected.is_right(question, rows)
        with self._lock:
            self.statuses["200"] += 1
            self.latencies_s.append(took_s)
            self.n_wrong += not right
            if not right and len(self.examples) < MAX_EXAMPLES:
                self.examples.append(f"wrong: {rows[0]}")
            for index, row in enumerate(rows):
                self.sources[row["source"]] += 1
                self.versions[row["model_version"]] += 1
                self.accepted[f"{request}-{index}"] = (row["model_version"], row["source"])
        return None

    def _note(self, status: str, text: str) -> None:
        with self._lock:
            self.statuses[status] += 1
            if len(self.examples) < MAX_EXAMPLES:
                self.examples.append(f"{status}: {text[:300]}")

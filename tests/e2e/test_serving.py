"""The deployed API follows the champion under fire, and nothing that was accepted is lost."""

import json
import threading
import time
from collections import Counter
from typing import Any

import httpx
import pytest

from bikecast.errors import InputError
from bikecast.names import CHAMPION_KEY
from bikecast.registry.manifest import ChampionManifest
from bikecast.storage import S3Store
from console.cloud.traces import KeptSpan, find_trace
from tests.deployment import Deployment, eventually
from tests.e2e.test_api import client_of
from tests.faults import nobody_reads

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

TRIP = {"date": "2025-02-12 08:00:00", "TMAX": 41.0, "TMIN": 30.0, "SNOW": 0.0}
FIRE_S = 20
# Checks of the manifest grow rarer while they fail, up to a minute.
RECOVERY_LIMIT_S = 120
TURN_S = 2.0
WARM_UP = 20
ONE_REQUEST = [
    ("predict", "POST /predict_trip", 0),
    ("predict", "send predictions", 1),
    ("capture_predictions", "capture predictions", 2),
    ("capture_predictions", "insert monitoring.predictions", 3),
]
STEP_AFTER = "refresh-dashboard"
# A few times the queue's visibility timeout, when the database was away at a bad moment.
STORED_LIMIT_S = 120


def test_promotions_under_fire_cost_no_answer_and_every_row_is_stored(cloud: Deployment) -> None:
    store = S3Store(cloud.client("s3"), cloud.outputs["buckets"]["model-serving"])
    original = store.read(CHAMPION_KEY)
    champion = ChampionManifest.model_validate_json(original.body)
    twin = champion.model_copy(update={"version": f"{champion.version}-twin"})
    fire = Fire(cloud)
    try:
        fire.start()
        for turn in range(int(FIRE_S / TURN_S)):
            manifest = (twin, champion)[turn % 2]
            store.write(CHAMPION_KEY, manifest.model_dump_json().encode())
            time.sleep(TURN_S)
    finally:
        store.write(CHAMPION_KEY, original.body)
        fire.stop()
    assert set(fire.statuses) == {200}, fire.statuses
    assert fire.versions == {champion.version, twin.version}
    assert len(fire.values) == 1  # twins answer alike; anything else would be a torn model
    query = "select count(distinct request_id) from monitoring.predictions where request_id = any(%s)"
    wanted = len(fire.requests)
    eventually(lambda: cloud.sql(query, fire.requests)[0][0] == wanted, timeout_s=STORED_LIMIT_S)


def test_an_outage_of_the_bucket_costs_no_answer(cloud: Deployment) -> None:
    fire = Fire(cloud, clients=1)
    with client_of(cloud) as client:
        try:
            fire.start()
            for _ in range(WARM_UP):  # beside the fire, so that no instance starts in the outage
                client.get("/health").raise_for_status()
            with nobody_reads(cloud):
                seen = eventually(lambda: _degraded(client), timeout_s=FIRE_S)
        finally:
            fire.stop()
        assert "AccessDenied" in seen["problem"]
        assert seen["source"] == "champion"
        assert set(fire.statuses) == {200}, fire.statuses
        eventually(lambda: client.get("/health").json()["status"] == "ok", timeout_s=RECOVERY_LIMIT_S)


def test_a_request_is_one_trace_to_its_stored_row(cloud: Deployment) -> None:
    with client_of(cloud) as client:
        request = client.post("/predict_trip", json={"input_data": [TRIP]}).headers["x-request-id"]
    eventually(lambda: len(spans_of(cloud, request)) == len(ONE_REQUEST), timeout_s=STORED_LIMIT_S)
    spans = spans_of(cloud, request)
    assert [(span.service, span.name, span.depth) for span in spans] == ONE_REQUEST
    assert not any(span.failed for span in spans)
    query = "select model_version from monitoring.predictions where request_id = %s"
    assert cloud.sql(query, request) == [(spans[0].attributes["model_version"],)]


def test_an_execution_is_one_trace_to_its_promoted_model(cloud: Deployment) -> None:
    [first] = [each for each in cloud.bikecast("decisions") if each["decision"] == "promoted"][-1:]
    spans = cloud.bikecast("trace", first["execution"])
    names = [span["name"] for span in spans]
    assert names[:2] + names[-4:] == ["check request", "prepare", "train", "evaluate", "promote", STEP_AFTER]
    assert set(names[2:-4]) == {"tune"}
    promoted = spans[-2]["attributes"]
    assert (promoted["decision"], promoted["version"]) == ("promoted", first["challenger"]["version"])


def spans_of(cloud: Deployment, name: str) -> list[KeptSpan]:
    """What the embedded cloud has kept so far of one trace."""
    try:
        return find_trace(cloud.state_dir / "emulator/traces.otlp", name)
    except InputError:
        return []


def _degraded(client: httpx.Client) -> dict[str, Any] | None:
    health: dict[str, Any] = client.get("/health").json()
    return health if health["status"] == "degraded" else None


class Fire:
    """Clients that ask without pause and remember every answer."""

    def __init__(self, cloud: Deployment, *, clients: int = 2) -> None:
        self.statuses: Counter[int] = Counter()
        self.versions: set[str] = set()
        self.values: set[float] = set()
        self.requests: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(cloud,)) for _ in range(clients)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, cloud: Deployment) -> None:
        with client_of(cloud) as client:
            while not self._stop.is_set():
                self._remember(client.post("/predict_trip", json={"input_data": [TRIP]}))

    def _remember(self, response: httpx.Response) -> None:
        self.statuses[response.status_code] += 1
        if response.status_code != 200:
            return
        [row] = json.loads(response.text)["predictions"]
        self.versions.add(row["model_version"])
        self.values.add(row["prediction"])
        self.requests.append(response.headers["x-request-id"])

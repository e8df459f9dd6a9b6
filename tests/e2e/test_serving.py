"""The deployed API: held to its document, followed under fire, and nothing that was accepted is lost."""

import json
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from bikecast.manifest import ChampionManifest
from bikecast.names import CHAMPION_KEY
from bikecast.storage import S3Store
from tests.deployment import PROJECT, Deployment, eventually
from tests.faults import nobody_reads

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

TRIP = {"date": "2025-02-12 08:00:00", "TMAX": 41.0, "TMIN": 30.0, "SNOW": 0.0}
OPERATIONS_FLAGS = ["--exclude-method", "POST"]  # no trainings for fun
FIRE_S = 20
# Checks of the manifest grow rarer while they fail, up to a minute.
RECOVERY_LIMIT_S = 120
TURN_S = 2.0
WARM_UP = 20
# A few times the queue's visibility timeout, when the database was away at a bad moment.
STORED_LIMIT_S = 120


def client_of(cloud: Deployment) -> httpx.Client:
    headers = {"x-api-key": cloud.outputs["api_key"]}
    return httpx.Client(base_url=cloud.outputs["api_url"], headers=headers, timeout=40)


@pytest.mark.parametrize(
    ("document", "flags"),
    [("openapi.json", []), ("monitoring/openapi.json", OPERATIONS_FLAGS)],
)
def test_schemathesis_finds_nothing(cloud: Deployment, document: str, flags: list[str]) -> None:
    base, key = cloud.outputs["api_url"], f"x-api-key: {cloud.outputs['api_key']}"
    command = [str(Path(sys.executable).with_name("st")), "run", f"{base}/{document}", "--url", base]
    command += ["-H", key, "--max-examples", "5", "--request-timeout", "40", *flags]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


def test_documents_open_without_a_key_and_everything_else_needs_it(cloud: Deployment) -> None:
    base = cloud.outputs["api_url"]
    with httpx.Client(timeout=40) as keyless:
        assert keyless.get(f"{base}/docs").status_code == 200
        assert keyless.get(f"{base}/openapi.json").json()["info"]["title"] == "bikecast"
        for path in ("health", "model", "version", "forecast", "monitoring/drift"):
            assert keyless.get(f"{base}/{path}").status_code == 403, path


def test_tls_is_answered_under_the_certificate_that_the_outputs_name(cloud: Deployment) -> None:
    headers = {"x-api-key": cloud.outputs["api_key"]}
    url = f"{cloud.outputs['api_url_https']}/predict_trip"
    trusted = ssl.create_default_context(cafile=cloud.outputs["ca_file"])
    body = {"input_data": [TRIP]}
    answer = httpx.post(url, json=body, headers=headers, verify=trusted, timeout=40)
    assert answer.status_code == 200
    assert answer.json()["predictions"][0]["source"] == "champion"
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.post(url, json=body, headers=headers, timeout=40)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/training", "POST"),
        ("PUT", "/training/any", "GET"),
        ("POST", "/monitoring/drift", "GET"),
        ("DELETE", "/monitor-model", "GET"),
        ("POST", "/openapi.json", "GET"),
        ("GET", "/predict", "POST"),
    ],
)
def test_a_method_that_a_path_does_not_have_is_405(
    cloud: Deployment, method: str, path: str, allowed: str
) -> None:
    with client_of(cloud) as client:
        answer = client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_a_forecast_says_what_its_weather_is(cloud: Deployment) -> None:
    with client_of(cloud) as client:
        rows = client.get("/forecast", params={"hours": 48}).json()["predictions"]
    assert len(rows) == 48
    assert {row["source"] for row in rows} == {"champion"}
    assert {row["weather"] for row in rows} <= {"forecast", "climatology"}


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


def test_logs_carry_version_code_and_correlation(cloud: Deployment) -> None:
    asked_ms = int(time.time() * 1000)
    with client_of(cloud) as client:
        response = client.post("/predict_trip", json={"input_data": [TRIP]})
    wanted = response.headers["x-request-id"]
    pages = cloud.client("logs").get_paginator("filter_log_events")

    def record() -> dict[str, Any] | None:
        group = cloud.outputs["log_groups"]["predict"]
        found = pages.paginate(logGroupName=group, startTime=asked_ms - 1000).search("events[].message")
        lines = [message for message in found if message and wanted in message]
        return next((json.loads(line) for line in lines if '"predicted"' in line), None)

    said = eventually(record)
    assert said["correlation_id"] == wanted
    assert said["model_version"]
    assert said["code_version"]

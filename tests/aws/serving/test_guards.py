"""What holds for every answer of both APIs, whatever was asked."""

import json
import time
from itertools import islice, product
from pathlib import Path
from string import ascii_letters, digits
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from bikecast.serving.champion.follower import ChampionFollower
from bikecast.serving.log.prediction_log import NoLog
from bikecast.serving.trainings import Trainings
from bikecast.serving.web.bodies import RequestBody
from bikecast.storage import FolderStore
from lambdas.operate import app as operate
from tests.unit.serving import world
from tests.unit.serving.faults import Remembering
from use_cases.citibike.api import routes as predict
from use_cases.citibike.api.hourly import LOADERS
from use_cases.citibike.api.outlook import OutlookReader
from use_cases.citibike.api.service import PredictionService, ServicePorts

TRIP = {"date": "2025-01-02 08:00:00", "TMAX": 41.0, "TMIN": 33.0, "SNOW": 0.0}
SITE = "https://rides.example"
JSON = {"content-type": "application/json"}


class Silent(Remembering):
    def answered(self, answer: Any, *, rows: int, latency_ms: float) -> None:
        pass


def predictor(folder: Path, *, origins: tuple[str, ...] = ()) -> FastAPI:
    store, listener = FolderStore(folder), Silent()
    follower = ChampionFollower(store, LOADERS, listener=listener, ttl_s=0)
    service = PredictionService(ServicePorts(follower, OutlookReader(store), NoLog(), listener))
    return predict.build_app(service, follower, code_version="test", allowed_origins=origins)


def operations(folder: Path, *, origins: tuple[str, ...] = ()) -> FastAPI:
    store = FolderStore(folder)
    trainings = Trainings(None, "arn", data=store)  # type: ignore[arg-type]  # nothing here gets as far
    ports = operate.OperatePorts(trainings, store, store.uri, glances=tuple, may_train=lambda _: True)
    return operate.build_app(ports, code_version="test", allowed_origins=origins)


@pytest.fixture(params=[predictor, operations])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> TestClient:
    world.publish(FolderStore(tmp_path), "1", scale=2.0)
    return TestClient(request.param(tmp_path), raise_server_exceptions=False)


@pytest.fixture
def predicting(tmp_path: Path) -> TestClient:
    world.publish(FolderStore(tmp_path), "1", scale=2.0)
    return TestClient(predictor(tmp_path))


@pytest.mark.parametrize("path", ["/health", "/docs", "/openapi.json", "/dashboard", "/training", "/nothing"])
def test_every_answer_carries_the_security_headers(client: TestClient, path: str) -> None:
    for answer in (client.get(path), client.post(path, content=b"{")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "connect-src 'self'" in answer.headers["content-security-policy"]


def test_an_unexpected_failure_carries_them_too(tmp_path: Path) -> None:
    app = operations(tmp_path)

    @app.get("/broken")
    def fail() -> None:
        raise LookupError

    answer = TestClient(app, raise_server_exceptions=False).get("/broken")
    assert answer.status_code == 500
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_dashboard_talks_to_its_own_api_only() -> None:
    assert "connect-src 'self';" in operate.DASHBOARD.read_text()


def test_files_of_the_documents_may_be_kept(tmp_path: Path) -> None:
    answer = TestClient(operations(tmp_path)).get("/docs/swagger-ui.css")
    assert answer.headers["cache-control"].startswith("public")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("build", "path", "body"),
    [
        (predictor, "/predict_trip", '{"input_data": [{"TMAX": 41, "TMAX": 99}]}'),
        (predictor, "/predict", '{"input_data": [], "input_data": []}'),
        (operations, "/training", '{"n_trials": 1, "n_trials": 200}'),
    ],
)
def test_a_key_that_stands_twice_is_refused(build: Any, path: str, body: str, tmp_path: Path) -> None:
    answer = TestClient(build(tmp_path)).post(path, content=body, headers=JSON)
    assert answer.status_code == 400
    assert "twice" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("build", "path"),
    [(predictor, "/forecast?hours=24&hours=48"), (operations, "/monitor-model?as=html&as=json")],
)
def test_a_query_that_names_a_value_twice_is_refused(build: Any, path: str, tmp_path: Path) -> None:
    answer = TestClient(build(tmp_path)).get(path)
    assert answer.status_code == 400
    assert "twice; send it once" in answer.json()["detail"]


def test_a_repeated_key_is_found_quickly_among_a_hundred_thousand(predicting: TestClient) -> None:
    keys = ",".join(f'"k{n}":1' for n in range(90_000))
    began = time.monotonic()
    answer = predicting.post("/predict_trip", content=f'{{{keys},"k89999":1}}', headers=JSON)
    assert (answer.status_code, time.monotonic() - began < 5) == (400, True)
    assert "'k89999' twice" in answer.json()["detail"]


def test_every_body_is_bounded(tmp_path: Path) -> None:
    bodies = [
        route.body_field.field_info.annotation
        for app in (predictor(tmp_path), operations(tmp_path))
        for route in app.routes
        if isinstance(route, APIRoute) and route.body_field
    ]
    assert len(bodies) == 3
    assert all(isinstance(body, type) and issubclass(body, RequestBody) for body in bodies)


@pytest.mark.parametrize("rows", [1, 1000])
def test_a_hundred_thousand_unknown_keys_are_refused_quickly_and_briefly(
    predicting: TestClient, rows: int
) -> None:
    names = islice(map("".join, product(ascii_letters + digits, repeat=3)), 100_000 // rows)
    row = TRIP | dict.fromkeys(names, 1)
    body = json.dumps({"input_data": [row] * rows}, separators=(",", ":"))
    seconds = []
    for _ in range(5):
        began = time.process_time()
        answer = predicting.post("/predict_trip", content=body, headers=JSON)
        seconds.append(time.process_time() - began)
    assert answer.status_code == 422
    found = answer.json()
    assert len(found["detail"]) == 100
    assert found["more"] == 99_900
    assert found["detail"][0]["path"] == "input_data[0].aaa"
    assert len(answer.content) < 50_000
    assert min(seconds) < 0.2, seconds  # of processor time: other work on the machine does not count


def test_a_few_problems_are_all_listed(predicting: TestClient) -> None:
    answer = predicting.post("/predict_trip", json={"input_data": [TRIP | {"TMAX": "hot", "rain": 1}]})
    assert [item["path"] for item in answer.json()["detail"]] == ["input_data[0].TMAX", "input_data[0].rain"]
    assert answer.json()["more"] == 0


def test_facts_name_no_place(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    world.publish(store, "1", scale=2.0)
    client = TestClient(predictor(tmp_path))
    assert client.get("/health").json()["status"] == "ok"
    store.write("champion.json", b"damaged")
    health = client.get("/health")
    assert "champion.json" in health.json()["problem"]
    assert tmp_path.name not in health.text


def test_a_page_of_another_site_may_not_read_answers(client: TestClient) -> None:
    answer = client.get("/openapi.json", headers={"origin": SITE})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("build", [predictor, operations])
def test_a_page_of_an_allowed_origin_may_ask_and_read(build: Any, tmp_path: Path) -> None:
    client = TestClient(build(tmp_path, origins=(SITE,)))
    asked = {"origin": SITE, "access-control-request-method": "POST"}
    wanted = asked | {"access-control-request-headers": "x-api-key,content-type"}
    before = client.options("/any", headers=wanted)
    assert before.status_code == 200
    assert before.headers["access-control-allow-origin"] == SITE
    answer = client.get("/nothing", headers={"origin": SITE})
    assert answer.headers["access-control-allow-origin"] == SITE
    stranger = client.options("/any", headers=wanted | {"origin": "https://else.example"})
    assert "access-control-allow-origin" not in stranger.headers

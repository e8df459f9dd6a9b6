"""A page on loopback: only under its own address, only with its password, only to read."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from console.pages.__main__ import MLFLOW_SEARCHES
from console.pages.guard import Rules, guarded

LOGIN = ("bikecast", "right: and long")


@pytest.fixture
def written() -> list[str]:
    return []


@pytest.fixture
def client(written: list[str]) -> TestClient:
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def anything(path: str) -> str:
        written.append(path)
        return path

    rules = Rules(port=5055, user=LOGIN[0], password=SecretStr(LOGIN[1]), searches=MLFLOW_SEARCHES)
    return TestClient(guarded(app, rules=rules), base_url="http://127.0.0.1:5055")


@pytest.mark.parametrize(
    "login", [None, ("bikecast", ""), ("bikecast", "wrong"), ("", LOGIN[1]), ("a:b", "c")]
)
def test_nobody_reads_without_the_password(
    client: TestClient, written: list[str], login: tuple[str, str] | None
) -> None:
    answer = client.get("/ajax-api/2.0/mlflow/experiments/get", auth=login)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert written == []


@pytest.mark.parametrize("header", ["", "Basic", "Basic %%%", "Bearer YTpi", "Basic YmlrZWNhc3Q"])
def test_a_malformed_login_is_refused(client: TestClient, header: str) -> None:
    assert client.get("/", headers={"authorization": header}).status_code == 401


def test_who_knows_the_password_reads_and_searches(client: TestClient) -> None:
    assert client.get("/", auth=LOGIN).status_code == 200
    assert client.post("/ajax-api/2.0/mlflow/runs/search", auth=LOGIN).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/2.0/mlflow/runs/set-tag"),
        ("POST", "/api/2.0/mlflow/experiments/create"),
        ("POST", "/api/2.0/mlflow/search/../runs/delete"),
        ("PATCH", "/api/2.0/mlflow/registered-models/update"),
        ("PUT", "/api/2.0/mlflow-artifacts/artifacts/1/python_model.pkl"),
        ("DELETE", "/api/2.0/mlflow/model-versions/delete"),
    ],
)
def test_nobody_writes(client: TestClient, written: list[str], method: str, path: str) -> None:
    answer = client.request(method, path, auth=LOGIN)
    assert answer.status_code == 403
    assert "bikecast" in answer.json()["message"]
    assert written == []


@pytest.mark.parametrize("host", ["evil.example", "evil.example:5055", "127.0.0.1", "127.0.0.1:5056", ""])
def test_a_request_for_another_host_is_refused(client: TestClient, written: list[str], host: str) -> None:
    answer = client.get("/", headers={"host": host}, auth=LOGIN)
    assert answer.status_code == 403
    assert written == []


def test_its_other_name_is_localhost(client: TestClient) -> None:
    assert client.get("/", headers={"host": "localhost:5055"}, auth=LOGIN).status_code == 200


def test_every_answer_carries_the_headers(client: TestClient) -> None:
    for answer in (client.get("/"), client.get("/", auth=LOGIN), client.delete("/", auth=LOGIN)):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors" in answer.headers["content-security-policy"]

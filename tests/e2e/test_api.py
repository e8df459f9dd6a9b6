"""The deployed API is what its document says: to tools, to a generated client, over TLS, in its logs."""

import json
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.deployment import PROJECT, Deployment, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

TRIP = {"date": "2025-02-12 08:00:00", "TMAX": 41.0, "TMIN": 30.0, "SNOW": 0.0}
OPERATIONS_FLAGS = ["--exclude-method", "POST"]  # no trainings for fun
CLIENT_GENERATOR = "openapi-python-client==0.29.1"


def client_of(cloud: Deployment) -> httpx.Client:
    headers = {"x-api-key": cloud.outputs["api_key"]}
    return httpx.Client(base_url=cloud.outputs["api_url"], headers=headers, timeout=40)


@pytest.mark.parametrize(
    ("document", "flags"),
    [("openapi.json", []), ("monitoring/openapi.json", OPERATIONS_FLAGS)],
)
def test_schemathesis_finds_nothing(cloud: Deployment, document: str, flags: list[str]) -> None:
    hold_to_its_document(cloud.outputs, document, flags)


def hold_to_its_document(outputs: Mapping[str, Any], document: str, flags: Sequence[str]) -> None:
    """Let Schemathesis try a deployed API against what it publishes of itself."""
    base, key = outputs["api_url"], f"x-api-key: {outputs['api_key']}"
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


def test_only_the_training_key_is_asked_what_to_train(cloud: Deployment) -> None:
    for key, status in (("api_key", 403), ("training_key", 422)):
        headers = {"x-api-key": cloud.outputs[key]}
        answer = httpx.post(f"{cloud.outputs['api_url']}/training", json={"threshold": 0}, headers=headers)
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/training", "POST"),
        ("PUT", "/training/any", "GET"),
        ("POST", "/monitoring/drift", "GET"),
        ("DELETE", "/monitor-model", "GET"),
        ("POST", "/docs", "GET"),
        ("GET", "/predict", "POST"),
    ],
)
def test_a_method_that_a_path_does_not_have_is_405(
    cloud: Deployment, method: str, path: str, allowed: str
) -> None:
    with client_of(cloud) as client:
        answer = client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_a_generated_client_gets_predictions(
    cloud: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    client = generated_client(cloud.outputs, tmp_path / "bikes")
    body = import_module("bikes.models").TripRequest.from_dict({"input_data": [TRIP]})
    [row] = import_module("bikes.api.predictions.predict_trip").sync(client=client, body=body).predictions
    assert row.source == "champion"
    assert 0 <= row.low <= row.prediction <= row.high
    ahead = import_module("bikes.api.predictions.forecast").sync(client=client, hours=24)
    assert len(ahead.predictions) == 24


def generated_client(outputs: Mapping[str, Any], package: Path) -> Any:
    """Generate a deployed API's package, in an importable folder, and return a client with the key."""
    base, tool = outputs["api_url"], CLIENT_GENERATOR.partition("=")[0]
    generate = [str(Path(sys.executable).with_name("uv")), "tool", "run", "--from", CLIENT_GENERATOR, tool]
    generate += ["generate", "--url", f"{base}/openapi.json", "--meta", "none"]
    subprocess.run([*generate, "--output-path", str(package)], check=True, capture_output=True)
    key = {"token": outputs["api_key"], "prefix": "", "auth_header_name": "x-api-key"}
    return import_module(package.name).AuthenticatedClient(base_url=base, **key)


def test_a_forecast_says_what_its_weather_is(cloud: Deployment) -> None:
    with client_of(cloud) as client:
        ahead = client.get("/forecast", params={"hours": 48}).json()
    rows = ahead["predictions"]
    assert (len(rows), ahead["demand_known_until"]) == (48, cloud.champion()["level"]["days"][-1])
    assert {row["source"] for row in rows} == {"champion"}
    assert {row["weather"] for row in rows} <= {"forecast", "climatology"}


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

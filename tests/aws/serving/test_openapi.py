"""The documents are true: Schemathesis tries both APIs against them, and their examples work."""

import json
import math
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode

from bikecast.names import DASHBOARD_SUMMARY_KEY
from bikecast.serving.champion.follower import ChampionFollower
from bikecast.serving.log.prediction_log import NoLog
from bikecast.serving.trainings import Trainings
from bikecast.serving.web.gateway import App, Receive, Scope, Send
from bikecast.storage import FolderStore
from lambdas.operate import app as operate
from tests import schemathesis_hooks
from tests.unit.serving import world
from tests.unit.serving.faults import Remembering
from use_cases.citibike.api import routes as predict
from use_cases.citibike.api.hourly import LOADERS
from use_cases.citibike.api.outlook import OutlookReader
from use_cases.citibike.api.service import PredictionService, ServicePorts
from use_cases.citibike.keys import citibike_key

assert callable(schemathesis_hooks.before_call)  # importing it tells Schemathesis of the law it cannot read

KEY = "the-key"
TRY = settings(
    max_examples=15,
    derandomize=True,  # chance has its place in the end-to-end run of the same tool
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
MACHINE = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 1000, "End": True}}})


class Silent(Remembering):
    def answered(self, answer: Any, *, rows: int, latency_ms: float) -> None:
        assert rows > 0
        assert math.isfinite(latency_ms)


class KeyCheck:
    """What API Gateway does before it calls a function."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        if scope["type"] != "http" or headers.get(b"x-api-key") == KEY.encode() or _is_public(scope["path"]):
            return await self._app(scope, receive, send)
        start = {"status": 403, "headers": [(b"content-type", b"application/json")]}
        await send({"type": "http.response.start", **start})
        return await send({"type": "http.response.body", "body": b'{"message": "Forbidden"}'})


def _is_public(path: str) -> bool:
    return path.endswith(("/docs", "/openapi.json"))


@pytest.fixture
def predictor(tmp_path: Path) -> FastAPI:
    store = FolderStore(tmp_path)
    world.publish(store, "1", scale=2.0)
    listener = Silent()
    follower = ChampionFollower(store, LOADERS, listener=listener, ttl_s=60)
    service = PredictionService(ServicePorts(follower, OutlookReader(store), NoLog(), listener))
    return predict.build_app(service, follower, code_version="test")


@pytest.fixture
def operations(tmp_path: Path) -> FastAPI:
    store = FolderStore(tmp_path)
    store.write(DASHBOARD_SUMMARY_KEY, b'{"windows": []}')
    states = boto3.client("stepfunctions")
    role = "arn:aws:iam::123456789012:role/states"
    machine = states.create_state_machine(name="retrain", definition=MACHINE, roleArn=role)
    store.write(citibike_key(2024), b"rows")
    trainings = Trainings(states, machine["stateMachineArn"], data=store)
    return operate.build_app(
        operate.OperatePorts(trainings, store, store.uri, glances=tuple, may_train=lambda _: True),
        code_version="test",
    )


@pytest.fixture
def predictor_schema(predictor: FastAPI) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", KeyCheck(predictor))


@pytest.fixture
def operations_schema(operations: FastAPI) -> Any:
    return schemathesis.openapi.from_asgi("/monitoring/openapi.json", KeyCheck(operations))


def hold_to_its_document(schema: Any) -> None:
    """Let Schemathesis try every operation, with bodies that fit the document and with others."""
    for found in schema.get_all_operations():
        operation = found.ok()
        modes = [GenerationMode.POSITIVE]
        if operation.body or operation.query or operation.path_parameters:
            modes.append(GenerationMode.NEGATIVE)
        for mode in modes:
            _try(operation.as_strategy(generation_mode=mode))


def _try(cases: "SearchStrategy[schemathesis.Case[Any]]") -> None:
    @TRY
    @given(case=cases)
    def attempt(case: "schemathesis.Case[Any]") -> None:
        case.call_and_validate(headers={"x-api-key": KEY})

    attempt()


def test_the_predictor_keeps_its_document(predictor_schema: Any) -> None:
    hold_to_its_document(predictor_schema)


def test_the_operations_keep_their_document(operations_schema: Any) -> None:
    hold_to_its_document(operations_schema)


async def _ask(app: FastAPI, method: str, path: str, body: Any = None) -> httpx.Response:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        return await client.request(method, path, json=body)


def ask(app: FastAPI, method: str, path: str, body: Any = None) -> httpx.Response:
    import asyncio

    return asyncio.run(_ask(app, method, path, body))


def test_every_example_works(predictor: FastAPI) -> None:
    document = ask(predictor, "GET", "/openapi.json").json()
    tried = 0
    for path, operations_of_path in document["paths"].items():
        for body in _examples(operations_of_path.get("post", {})):
            response = ask(predictor, "POST", path, body)
            assert response.status_code == 200, response.text
            tried += 1
    assert tried >= 3


def _examples(operation: dict[str, Any]) -> list[Any]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return [example["value"] for example in content.get("examples", {}).values()]


def test_answers_have_exactly_the_documented_fields(predictor: FastAPI) -> None:
    """Rows are built by hand for speed, so a test holds them against the contract."""
    from use_cases.citibike.api import contract

    trip = {"date": "2025-01-02 08:00:00", "TMAX": 41.0, "TMIN": 33.0, "SNOW": 0.0}
    answer = ask(predictor, "POST", "/predict_trip", {"input_data": [trip]}).json()
    assert contract.Predictions.model_validate(answer).model_dump(mode="json") == answer
    ahead = ask(predictor, "GET", "/forecast?hours=30").json()
    assert contract.Forecast.model_validate(ahead).model_dump(mode="json") == ahead
    assert len(ahead["predictions"]) == 30

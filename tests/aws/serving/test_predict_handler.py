"""The deployed predictor as API Gateway calls it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import boto3
import pytest

from bikecast.serving.web.direct import DirectAnswers
from bikecast.storage import S3Store
from lambdas.predict import handler
from tests.aws.serving.conftest import Answer, Context, answer_of, event
from tests.unit.serving import world

PAGE = Path(handler.__file__).parents[1] / "operate/dashboard.html"
TIMES = {"timestamp", "Timestamp", "latency_ms", "PredictionLatency"}
TRIP = {"date": "2025-01-02 08:00:00", "TMAX": 41.0, "TMIN": 33.0, "SNOW": 0.0}


@pytest.fixture
def queue_url() -> str:
    return str(boto3.client("sqs").create_queue(QueueName="capture")["QueueUrl"])


@pytest.fixture
def store(serving_bucket: str) -> S3Store:
    return S3Store(boto3.client("s3"), serving_bucket)


@pytest.fixture(autouse=True)
def deployed(
    store: S3Store, queue_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    monkeypatch.setenv("LAST_COPY_DIR", str(tmp_path / "copy"))
    monkeypatch.setenv("USE_CASE", "citibike")
    monkeypatch.setenv("SERVING_BUCKET", store.bucket)
    monkeypatch.setenv("CAPTURE_QUEUE_URL", queue_url)
    monkeypatch.setenv("CODE_VERSION", "test")
    monkeypatch.setenv("CHAMPION_TTL_S", "0")
    handler.predictor.cache_clear()
    yield
    handler.predictor.cache_clear()


def ask(method: str, path: str, body: Any = None, **more: Any) -> Answer:
    text = None if body is None else json.dumps(body)
    answer = answer_of(handler.lambda_handler(event(method, path, text, **more), Context()))
    assert handler.predictor().log.drain(timeout_s=10)
    return answer


def captured(queue_url: str) -> list[dict[str, Any]]:
    found = boto3.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
    return [row for message in found.get("Messages", []) for row in json.loads(message["Body"])]


def emitted(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]


def test_a_trip_is_answered_by_the_champion(store: S3Store) -> None:
    world.publish(store, "3", scale=2.0)
    [row] = ask("POST", "/predict_trip", {"input_data": [TRIP]}).json()["predictions"]
    assert 0.8 * 82 < row.pop("low") < 82 < row.pop("high") < 1.2 * 82
    assert row == {
        "model": "xgb-citibike-reg-model",
        "prediction": 82.0,
        "date": "2025-01-02 08:00:00",
        "model_version": "3",
        "source": "champion",
    }


def test_every_answer_is_captured_with_its_inputs(store: S3Store, queue_url: str) -> None:
    world.publish(store, "3", scale=2.0)
    answer = ask("POST", "/predict_trip", {"input_data": [TRIP, {**TRIP, "date": "2025-01-02 09:00:00"}]})
    rows = captured(queue_url)
    assert answer.headers["x-request-id"] == "gateway-request"
    assert [row["id"] for row in rows] == ["gateway-request-0", "gateway-request-1"]
    assert rows[1]["predicted_for"] == "2025-01-02 09:00:00"
    assert rows[0]["inputs"]["TMAX"] == 41.0
    assert rows[0]["model_version"] == "3"


def test_a_queue_that_is_gone_costs_a_metric_and_a_log_record_but_no_answer(
    store: S3Store,
    queue_url: str,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    world.publish(store, "3", scale=2.0)
    boto3.client("sqs").delete_queue(QueueUrl=queue_url)
    assert ask("POST", "/predict_trip", {"input_data": [TRIP]}).status == 200
    [unsent] = [record for record in caplog.records if record.getMessage() == "predictions not queued"]
    assert json.loads(unsent.__dict__["unsent_predictions"])[0]["id"] == "gateway-request-0"
    assert any(record.get("CaptureSendFailed") == [1.0] for record in emitted(capsys))


def test_metrics_name_rows_latency_and_plan_b(store: S3Store, capsys: pytest.CaptureFixture[str]) -> None:
    world.publish(store, "3", scale=2.0)
    ask("POST", "/predict_trip", {"input_data": [TRIP]})
    [metrics] = [record for record in emitted(capsys) if "Predictions" in record]
    assert metrics["Predictions"] == [1.0]
    assert metrics["FallbackPredictions"] == [0.0]
    assert metrics["model_version"] == "3"
    assert metrics["PredictionLatency"][0] > 0


def test_a_promotion_is_followed_without_a_new_deployment(store: S3Store) -> None:
    first = world.publish(store, "1", scale=1.0)
    assert ask("GET", "/version").json()["model_version"] == "1"
    world.publish(store, "2", scale=2.0)
    assert ask("GET", "/version").json()["model_version"] == "2"
    world.crown(store, first)
    assert ask("GET", "/version").json() == {
        "code_version": "test",
        "model": "xgb-citibike-reg-model",
        "model_version": "1",
        "source": "champion",
    }


def test_a_forecast_is_captured_unless_the_dashboard_asks_for_it(store: S3Store, queue_url: str) -> None:
    """What a person looks at was not served to a client, so nothing of it is judged later."""
    world.publish(store, "3", scale=2.0)
    [query] = re.findall(r'"forecast\?([^"]+)"', PAGE.read_text())
    parameters = dict(parse_qsl(query))
    looked_at = ask("GET", "/forecast", query=parameters)
    assert (looked_at.status, captured(queue_url)) == (200, [])
    ask("GET", "/forecast", query={**parameters, "log": "true"})
    assert len(captured(queue_url)) == len(looked_at.json()["predictions"]) == 168


def test_without_any_champion_the_answer_is_503_with_a_sentence() -> None:
    answer = ask("POST", "/predict_trip", {"input_data": [TRIP]})
    assert answer.status == 503
    assert "publish a champion" in answer.json()["detail"]
    assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize("prefix", ["/v1", "/bikes"])
def test_documents_work_under_any_prefix(store: S3Store, prefix: str) -> None:
    world.publish(store, "1", scale=1.0)
    page = ask("GET", "/docs", prefix=prefix)
    assert page.status == 200
    assert "url: 'openapi.json'" in page.text
    document = ask("GET", "/openapi.json", prefix=prefix).json()
    assert document["servers"][0]["url"] == "./"
    assert ask("POST", "/predict_trip", {"input_data": [TRIP]}, prefix=prefix).status == 200


def test_unknown_paths_and_methods_are_named(store: S3Store) -> None:
    world.publish(store, "1", scale=1.0)
    assert ask("GET", "/nothing").status == 404
    wrong = ask("GET", "/predict")
    assert wrong.status == 405
    assert wrong.headers["allow"] == "POST"


@pytest.mark.parametrize("ping", [{}, {"source": "aws.events", "detail": {}}, {"Records": []}, [], None])
def test_an_event_that_is_no_request_is_acknowledged_and_lets_the_function_rest(
    ping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rested = []
    monkeypatch.setattr(handler.predictor(), "answered", lambda: rested.append(True))
    assert handler.lambda_handler(ping, Context()) == {}
    assert rested == [True]


def test_a_direct_answer_leaves_the_metrics_and_logs_of_the_application(
    store: S3Store,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world.publish(store, "3", scale=2.0)
    ask("POST", "/predict_trip", {"input_data": [TRIP]})  # the first one also counts a cold start
    found: list[list[Any]] = []
    for answer in (DirectAnswers.answer, lambda *_: None):
        monkeypatch.setattr(DirectAnswers, "answer", answer)
        capsys.readouterr()
        caplog.clear()
        ask("POST", "/predict_trip", {"input_data": [TRIP]})
        metrics = [_without_times(record) for record in emitted(capsys)]
        found.append([*metrics, *((record.name, record.msg, record.rows) for record in caplog.records)])  # type: ignore[attr-defined]  # given as extra
    assert found[0] == found[1]
    assert len(found[0]) == 2


def _without_times(record: dict[str, Any]) -> dict[str, Any]:
    timeless = {key: value for key, value in record.items() if key not in TIMES}
    metrics = record.get("_aws", {})
    return timeless | {"_aws": {key: value for key, value in metrics.items() if key not in TIMES}}

"""One trace from the caller's request through the queue to the function that stores its rows.

OpenTelemetry is set up once in a process, so each of these runs in one of its own.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bikecast.errors import InputError
from bikecast.tracing import traceparent_of_execution
from console.cloud.traces import find_trace
from tests.traces import collector

# A trace of the caller's own, as its header carries it.
TRACE = "0af7651916cd43dd8448eb211c80319c"
REQUEST = f"""
import json, logging, sys
import boto3
from mangum import Mangum
from moto import mock_aws
from bikecast.serving.web.http import create_app
from bikecast.serving.log.prediction_log import QueueLog
from lambdas.capture_predictions import handler
from tests.aws.serving.conftest import Context, event
from tests.unit.serving.test_prediction_log import row

with mock_aws():
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="capture")["QueueUrl"]
    log = QueueLog(sqs, url, on_unsent=lambda *unsent: None)
    app = create_app(title="t", version="1", description="d", max_body_bytes=10, posts=())
    trace_ids = []

    @app.get("/answer")
    def answer() -> None:
        log.record(lambda: [row(1)])
        record = logging.getLogger("any").makeRecord("any", 20, "f", 1, "m", (), None)
        trace_ids.append(getattr(record, "trace_id", None))

    asked = event("GET", "/answer")
    asked["headers"]["traceparent"] = "00-{TRACE}-b7ad6b7169203331-01"
    asked["multiValueHeaders"]["traceparent"] = [asked["headers"]["traceparent"]]
    Mangum(app, lifespan="off")(asked, Context())
    log.send()
    assert log.drain(timeout_s=10)
    [message] = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    carried = message.get("MessageAttributes", {{}})
    record = {{
        "messageId": "m",
        "eventSource": "aws:sqs",
        "attributes": {{}},
        "body": "not a list of predictions",
        "messageAttributes": {{
            name: {{"stringValue": each["StringValue"], "dataType": "String"}}
            for name, each in carried.items()
        }},
    }}
    handler.lambda_handler({{"Records": [record]}}, Context())
print(json.dumps({{
    "attributes": sorted(carried),
    "trace_ids": trace_ids,
    "imported": sorted({{"opentelemetry.sdk", "opentelemetry.exporter"}} & {{*sys.modules}}),
}}))
"""


def _run(program: str, **environment: str) -> list[str]:
    named = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=named | environment,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_request_its_message_and_whoever_stores_it_are_one_trace(tmp_path: Path) -> None:
    kept = tmp_path / "traces"
    with collector(kept) as address:
        told = json.loads(_run(REQUEST, OTEL_EXPORTER_OTLP_ENDPOINT=address, OTEL_SERVICE_NAME="serving")[-1])
    spans = find_trace(kept, TRACE)
    assert [(span.name, span.depth) for span in spans] == [
        ("GET /answer", 0),
        ("send predictions", 1),
        ("capture predictions", 2),
    ]
    assert {span.service for span in spans} == {"serving"}
    assert spans[0].parent_id == "b7ad6b7169203331"
    assert [span.failed for span in spans] == [False, False, True]
    assert find_trace(kept, spans[0].attributes["request_id"]) == spans
    assert told["attributes"] == ["traceparent"]
    assert told["trace_ids"] == [TRACE]


def test_without_an_address_nothing_is_carried_and_the_sdk_is_not_imported() -> None:
    assert json.loads(_run(REQUEST)[-1]) == {"attributes": [], "trace_ids": [None], "imported": []}


def test_a_collector_that_is_down_costs_no_answer() -> None:
    told = json.loads(_run(REQUEST, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")[-1])
    assert told["trace_ids"] == [TRACE]


STEP = """
import sys
from training_job.__main__ import main
sys.exit(main(["migrate", "too many"]) * main(["prepare"]) - 1)
"""


def test_the_steps_of_an_execution_are_one_trace_and_a_failure_is_marked(tmp_path: Path) -> None:
    kept = tmp_path / "traces"
    buckets = {f"{name}_BUCKET": "b" for name in ("DATA", "ARTIFACTS", "SERVING", "REPORTS")}
    database = {f"DATABASE_{name}": "1" for name in ("HOST", "PORT", "NAME", "USER", "PASSWORD")}
    with collector(kept) as address:
        _run(STEP, OTEL_EXPORTER_OTLP_ENDPOINT=address, EXECUTION="nightly", **buckets, **database)
    [span] = find_trace(kept, "arn:aws:states:us-east-1:1:execution:Retrain:nightly")
    assert (span.name, span.failed, span.attributes) == ("prepare", True, {"use_case": "citibike"})
    assert traceparent_of_execution("nightly") == f"00-{span.trace_id}-{span.parent_id}-01"


def test_a_trace_that_is_not_kept_is_an_error_that_says_how_to_keep_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no span of 'nothing' is kept.*--traces embedded"):
        find_trace(tmp_path / "none", "nothing")

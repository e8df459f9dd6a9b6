"""The function as Lambda calls it: environment, S3, Postgres, and what it prints for CloudWatch."""

import importlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from bikecast.database import DatabaseSettings
from bikecast.errors import InputError
from training_job.migrations import migrate

BUCKETS = ("data", "serving", "reports")


@dataclass
class LambdaContext:
    """What the runtime passes."""

    function_name: str = "monitor"
    memory_limit_in_mb: int = 3008
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:monitor"
    aws_request_id: str = "1"


@pytest.fixture
def handler(city: Path, database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The handler's module in a deployment of the simulated city."""
    migrate(database)
    assert database.password is not None
    environment = {
        "USE_CASE": "citibike",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "CODE_VERSION": "test",
        "DATABASE_HOST": database.host,
        "DATABASE_PORT": str(database.port),
        "DATABASE_NAME": database.name,
        "DATABASE_USER": database.user,
        "DATABASE_PASSWORD": database.password.get_secret_value(),
        "DATABASE_SSLMODE": "disable",
        **{f"{name.upper()}_BUCKET": f"test-{name}" for name in BUCKETS},
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        _upload(city)
        module = importlib.import_module("lambdas.monitor_drift.handler")
        module.ports.cache_clear()
        yield module
        module.ports.cache_clear()


def _upload(city: Path) -> None:
    client = boto3.client("s3")
    for name in BUCKETS:
        client.create_bucket(Bucket=f"test-{name}")
        for path in (city / name).rglob("*"):
            if path.is_file():
                key = path.relative_to(city / name).as_posix()
                client.upload_file(str(path), f"test-{name}", key)


def test_a_window_is_answered_with_its_verdict_and_its_metrics(
    handler: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    event = {"window_start": "2025-03-17T00:00:00", "window_end": "2025-03-24T00:00:00", "html": False}
    told = handler.lambda_handler({"request": event, "execution": "weekly"}, LambdaContext())
    json.dumps(told)  # what Lambda does with it
    assert told["model_version"] == "1"
    promised = {"verdict", "severity", "reasons", "metrics", "features", "report_key", "events", "retrain"}
    assert promised <= set(told)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    emf = next(line for line in lines if "_aws" in line)
    assert {"PredictionDrift", "DriftedFeatures", "MissingValuesShare", "LiveMetric", "ModelAgeDays"} <= set(
        emf
    )
    assert emf["MonitorAlarms"] == [0.0]
    assert emf["LiveMetric"] == [told["metrics"]["rmse_score_current"]]


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ({"window": "last"}, "window: Extra inputs"),
        ({"window_start": "2025-03-17"}, "give both"),
        ({"source": "guess"}, "source:"),
        ({"window_start": "2025-03-24", "window_end": "2025-03-17"}, "window_start < window_end"),
    ],
)
def test_a_bad_request_is_refused_by_its_field(handler: Any, event: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        handler.lambda_handler({"request": event, "execution": "weekly"}, LambdaContext())

"""First states of the machines: what they answer, and how a bad request ends."""

import importlib
from typing import Any

import boto3
import pytest
from moto import mock_aws

from bikecast.errors import InputError
from bikecast.names import Variable

BUCKET = "data"


class Context:
    """What Powertools reads of a Lambda context."""

    function_name = "plan"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:plan"
    aws_request_id = "request"


def asked(request: dict[str, Any]) -> dict[str, Any]:
    """What a machine hands to its first function."""
    return {"request": request, "execution": "nightly"}


@pytest.fixture
def ingestion(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv(Variable.DATA_BUCKET, BUCKET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield importlib.import_module("lambdas.plan_ingestion.handler")


def test_uploaded_files_are_found_and_grouped(ingestion: Any) -> None:
    s3 = boto3.client("s3")
    for name in ("202401-citibike-tripdata.zip", "202402-citibike-tripdata.zip", "weather/2024.csv"):
        s3.put_object(Bucket=BUCKET, Key=f"raw/{name}", Body=b"x")
    ingestion.data.cache_clear()
    plan = ingestion.lambda_handler(asked({"months": ["2024-02"]}), Context())
    assert [[(group["month"], group["keys"]) for group in batch["months"]] for batch in plan["batches"]] == [
        [("2024-02", ["raw/202402-citibike-tripdata.zip"])]
    ]


def test_an_unknown_key_ends_the_ingestion_with_its_name(ingestion: Any) -> None:
    with pytest.raises(InputError, match="month: Extra inputs"):
        ingestion.lambda_handler(asked({"month": "2024-02"}), Context())


def test_a_retraining_is_planned_from_the_whole_event() -> None:
    handler = importlib.import_module("lambdas.plan_retraining.handler")
    event = asked({"n_trials": 3})
    plan = handler.lambda_handler(event, Context())
    assert (plan["execution"], plan["request"]["n_trials"], len(plan["workers"])) == ("nightly", 3, 2)
    with pytest.raises(InputError, match="n_trials"):
        handler.lambda_handler(event | {"request": {"n_trials": 0}}, Context())

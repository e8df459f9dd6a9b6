"""What the functions find around them: a moto account, an API Gateway event, a Lambda context."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

REGION = "us-east-1"
Invoke = Callable[..., "Answer"]


@dataclass(frozen=True)
class Answer:
    """What API Gateway would send."""

    status: int
    headers: dict[str, str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Context:
    """What the Lambda runtime hands to a function."""

    function_name: str = "function"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:function"
    aws_request_id: str = "invocation"


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


@pytest.fixture
def serving_bucket() -> str:
    boto3.client("s3").create_bucket(Bucket="serving")
    return "serving"


def event(
    method: str,
    path: str,
    body: str | None = None,
    *,
    query: dict[str, str] | None = None,
    prefix: str = "/v1",
    key_id: str | None = "prediction-key",
) -> dict[str, Any]:
    """A REST API's proxy event; ``prefix`` is the stage, or a custom domain's base path."""
    base = "" if prefix == "/v1" else prefix  # with a base path, `path` holds it too
    return {
        "resource": "/{proxy+}",
        "path": f"{base}{path}",
        "httpMethod": method,
        "headers": {"content-type": "application/json", "host": "api.example"},
        "multiValueHeaders": {"content-type": ["application/json"], "host": ["api.example"]},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": None if query is None else {k: [v] for k, v in query.items()},
        "pathParameters": {"proxy": path.removeprefix("/")},
        "stageVariables": None,
        "requestContext": {
            "requestId": "gateway-request",
            "path": f"{prefix}{path}",
            "stage": "v1",
            "identity": {"sourceIp": "127.0.0.1", "apiKeyId": key_id},
        },
        "body": body,
        "isBase64Encoded": False,
    }


def answer_of(response: dict[str, Any]) -> Answer:
    """Read a proxy response."""
    headers = {k: v for k, v in (response.get("headers") or {}).items()}
    headers |= {k: v[0] for k, v in (response.get("multiValueHeaders") or {}).items()}
    return Answer(response["statusCode"], headers, response["body"])

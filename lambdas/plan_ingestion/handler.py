"""First state of the ingest machine: finds the files and shares them out to containers."""

from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from bikecast import discovery, tracing
from bikecast.names import DEFAULT_USE_CASE, Prefix
from bikecast.requests import parse_request
from bikecast.storage import S3Store

from .settings import Settings

logger = Logger()


@cache
def data() -> S3Store:
    """Return the data bucket."""
    return S3Store(boto3.client("s3"), Settings().data_bucket)


@logger.inject_lambda_context
@tracing.flushed
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Find the uploaded files and share them out to containers."""
    planner = discovery.own(DEFAULT_USE_CASE, "loading.plan")
    assert planner is not None  # this machine is that use case's; declared ones load in one step
    request = parse_request(planner.IngestRequest, event["request"])
    with tracing.span("find files", parent=tracing.traceparent_of_execution(event["execution"])):
        plan: dict[str, Any] = planner.plan_ingestion(request, dict(data().sizes(Prefix.RAW)))
    logger.info("ingestion planned", extra={"containers": len(plan["batches"])})
    return plan

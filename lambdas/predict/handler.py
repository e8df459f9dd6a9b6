"""The predictor: API Gateway to FastAPI, put together once and kept warm."""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.logging import correlation_paths

from bikecast.names import METRIC_NAMESPACE

from .parts import Predictor, build
from .settings import Runtime, Settings

SERVICE = "predict"
logger = Logger(service=SERVICE)
tracer = Tracer(service=SERVICE, patch_modules=["botocore"])
metrics = Metrics(namespace=METRIC_NAMESPACE, service=SERVICE)


@cache
def predictor() -> Predictor:
    """Put the predictor together on first use."""
    return build(Settings(), Runtime(), logger=logger, metrics=metrics)


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request."""
    return predictor().answer(event, context)


if Runtime().aws_lambda_function_name:
    predictor()  # model and connections are ready before the first request, and are in the snapshot

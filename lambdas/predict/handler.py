"""The predictor: API Gateway to FastAPI, put together once and kept warm."""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging import correlation_paths

from bikecast.serving.web.gateway import is_request

from .parts import Predictor, build
from .settings import Runtime, Settings

SERVICE = "predict"
logger = Logger(service=SERVICE)
metrics = Metrics(service=SERVICE)


@cache
def predictor() -> Predictor:
    """Put the predictor together on first use."""
    return build(Settings(), Runtime(), logger=logger, metrics=metrics)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request; what is left to do starts when the answer is ready.

    An event that is not a request, such as a ping that keeps the function warm, is only acknowledged.
    """
    try:
        answer: dict[str, Any] = _answer(event, context) if is_request(event) else {}
        return answer
    finally:
        predictor().answered()


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
@metrics.log_metrics(capture_cold_start_metric=True)
def _answer(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return predictor().answer(event, context)


if Runtime().aws_lambda_function_name:
    predictor()  # model and connections are ready before the first request, and are in the snapshot

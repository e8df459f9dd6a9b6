"""The drift monitor: reaches S3 and Postgres only, and returns its verdict for the machine to act on."""

from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from bikecast import discovery, tracing
from bikecast.database import DatabaseSettings, connect
from bikecast.monitoring.choice import watch_of
from bikecast.monitoring.findings.verdicts import answer
from bikecast.monitoring.requests import MonitorRequest
from bikecast.monitoring.run import Ports, monitor
from bikecast.names import USE_CASE_DIMENSION, use_case_prefix
from bikecast.requests import parse_request
from bikecast.storage import S3Store, ScopedStore

from .publication import publish
from .settings import Settings

SERVICE = "monitor_drift"
logger = Logger(service=SERVICE)
metrics = Metrics(service=SERVICE)


@cache
def ports() -> Ports:
    """Put the function's surroundings together once."""
    settings, database, s3 = Settings(), DatabaseSettings(), boto3.client("s3")
    prefix = use_case_prefix(settings.use_case)
    logger.append_keys(code_version=settings.code_version, use_case=settings.use_case)
    metrics.set_default_dimensions(**{USE_CASE_DIMENSION: settings.use_case})
    return Ports(
        data=S3Store(s3, settings.data_bucket),
        serving=ScopedStore(S3Store(s3, settings.serving_bucket), prefix),
        reports=ScopedStore(S3Store(s3, settings.reports_bucket), prefix),
        connect=lambda: connect(database, application=SERVICE),
    )


@logger.inject_lambda_context
@tracing.flushed
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - the runtime passes it
    """Judge the windows that an execution's request names, or the last complete week."""
    request, use_case = parse_request(MonitorRequest, event["request"]), Settings().use_case
    scored_by = [m.name for m in discovery.load(use_case).metrics] if discovery.is_declared(use_case) else []
    parent = tracing.traceparent_of_execution(event["execution"])
    with tracing.span("judge windows", parent=parent):
        verdicts = list(monitor(request, ports(), watch_of(use_case)))
        for verdict in verdicts:
            publish(verdict, scored_by=scored_by, metrics=metrics, logger=logger)
    return answer(verdicts)

"""Writes logged predictions from the queue to Postgres; messages that fail go back alone."""

from functools import cache
from typing import Any

import psycopg
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from bikecast import tracing
from bikecast.database import DatabaseSettings, connect
from bikecast.names import Metric
from bikecast.serving.log.capture import CapturedRow, parse_message, save

from .connections import Reconnecting
from .settings import Settings

SERVICE = "capture_predictions"
logger = Logger(service=SERVICE)
metrics = Metrics(service=SERVICE)
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@cache
def database() -> Reconnecting:
    """Open nothing yet; the first message does."""
    settings, timeout_s = DatabaseSettings(), Settings().connect_timeout_s
    return Reconnecting(lambda: connect(settings, application=SERVICE, timeout_s=timeout_s))


def capture(record: SQSRecord) -> int:
    """Write one message.

    Raises:
        InputError: It is not a list of predictions.
        psycopg.OperationalError: The database cannot be reached; the message comes again.
    """
    origin = record.message_attributes[tracing.TRACEPARENT]
    parent = None if origin is None else origin.string_value
    with tracing.span("capture predictions", kind="consumer", parent=parent):
        n_rows = _store(parse_message(record.body))
    metrics.add_metric(Metric.PREDICTIONS_CAPTURED, MetricUnit.Count, n_rows)
    return n_rows


def _store(rows: list[CapturedRow]) -> int:
    try:
        with tracing.span("insert monitoring.predictions", kind="client", rows=len(rows)):
            return save(database().current(), rows)
    except psycopg.OperationalError:
        database().discard()
        raise


@logger.inject_lambda_context
@tracing.flushed
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Capture a batch and name the messages that failed."""
    return dict(process_partial_response(event, capture, processor, context))

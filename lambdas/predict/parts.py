"""Puts the predictor together: clients once, then follower, log, service, application."""

import boto3
import numpy as np
from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config
from fastapi import FastAPI

from bikecast.names import METRIC_NAMESPACE, Metric, PredictionSource
from bikecast.serving.engines import Question
from bikecast.serving.follower import ChampionFollower, UnavailableError
from bikecast.serving.outlook import OutlookReader
from bikecast.serving.prediction_log import QueueLog
from bikecast.serving.predictor import Answer, answer
from bikecast.serving.service import Ports, PredictionService
from bikecast.storage import S3Store

from .app import build_app
from .settings import Settings

# A request must never wait long for a store: short timeouts, one more try.
STORE_CONFIG = Config(
    connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2}, max_pool_connections=4
)
QUEUE_CONFIG = Config(connect_timeout=0.5, read_timeout=1, retries={"total_max_attempts": 2})
SAMPLE = Question(
    np.asarray(["2025-01-02T08:00:00"], dtype="datetime64[s]"),
    {"TMAX": np.asarray([41.0]), "TMIN": np.asarray([33.0]), "SNOW": np.asarray([0.0])},
)


class Telemetry:
    """Turns what happens in serving into metrics and log records."""

    def __init__(self, logger: Logger, metrics: Metrics) -> None:
        self._logger, self._metrics = logger, metrics

    def answered(self, answer: Answer, *, rows: int, latency_ms: float) -> None:
        """Count rows, latency and plan B; called in the request."""
        self._metrics.add_metric(Metric.PREDICTIONS, MetricUnit.Count, rows)
        self._metrics.add_metric(Metric.PREDICTION_LATENCY, MetricUnit.Milliseconds, latency_ms)
        self._metrics.add_metadata("model_version", answer.engine.version)
        fallback = 0 if answer.engine.source is PredictionSource.CHAMPION else rows
        self._metrics.add_metric(Metric.FALLBACK_PREDICTIONS, MetricUnit.Count, fallback)
        self._logger.info(
            "predicted",
            extra={
                "rows": rows,
                "latency_ms": round(latency_ms, 3),
                "source": answer.engine.source,
                "model_version": answer.engine.version,
                "problem": answer.problem,
            },
        )

    def unsent(self, body: str, reason: str) -> None:
        """Keep a prediction message that the queue did not take; called in the request."""
        self._metrics.add_metric(Metric.CAPTURE_SEND_FAILED, MetricUnit.Count, 1)
        self._logger.error("predictions not queued", extra={"reason": reason, "unsent_predictions": body})

    def swapped(self, version: str) -> None:
        """Count a new leader; called by the follower's thread."""
        self._logger.info("champion swapped", extra={"model_version": version})
        self._count(Metric.CHAMPION_SWAPPED)

    def failed(self, reason: str) -> None:
        """Raise an incident; called by the follower's thread."""
        self._logger.error("champion not usable", extra={"reason": reason})
        self._count(Metric.CHAMPION_LOAD_FAILED)

    def _count(self, name: Metric) -> None:
        with single_metric(name=name, unit=MetricUnit.Count, value=1, namespace=METRIC_NAMESPACE) as metric:
            metric.add_dimension("service", self._metrics.service)


def build(settings: Settings, *, logger: Logger, metrics: Metrics) -> FastAPI:
    """Build the application and load the champion."""
    telemetry = Telemetry(logger, metrics)
    store = S3Store(boto3.client("s3", config=STORE_CONFIG), settings.serving_bucket)
    follower = ChampionFollower(
        store, listener=telemetry, ttl_s=settings.champion_ttl_s, wait_s=settings.champion_wait_s
    )
    log = QueueLog(
        boto3.client("sqs", config=QUEUE_CONFIG),
        settings.capture_queue_url,
        wait_s=settings.capture_wait_s,
        on_unsent=telemetry.unsent,
    )
    service = PredictionService(Ports(follower, OutlookReader(store), log, telemetry))
    _warm(follower, logger)
    return build_app(service, follower, code_version=settings.code_version)


def _warm(follower: ChampionFollower, logger: Logger) -> None:
    """Load the champion and predict one hour, so that the first request finds everything in memory."""
    try:
        answer(follower.view().engines, SAMPLE)
    except UnavailableError as err:
        logger.warning("no champion yet", extra={"reason": str(err)})

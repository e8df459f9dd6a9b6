"""Puts the predictor together: clients once, then follower, log, service, application."""

from collections.abc import Callable
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config
from botocore.session import get_session
from fastapi import FastAPI
from mangum import Mangum

from bikecast import tracing
from bikecast.names import USE_CASE_DIMENSION, Metric, PredictionSource, use_case_prefix
from bikecast.serving.champion.engines import PredictionInput
from bikecast.serving.champion.follower import ChampionFollower, UnavailableError
from bikecast.serving.champion.last_copy import LastCopy
from bikecast.serving.champion.predictor import PredictionAnswer, answer
from bikecast.serving.choice import serving_of
from bikecast.serving.kind import ServingPorts
from bikecast.serving.log.after_response import AfterResponse
from bikecast.serving.log.prediction_log import QueueLog
from bikecast.serving.log.unsent import FIELD, MESSAGE
from bikecast.serving.web.direct import DirectAnswers
from bikecast.storage import FolderStore, S3Store, ScopedStore

from .settings import Runtime, Settings

# A request must never wait long for a store: short timeouts, one more try.
STORE_CONFIG = Config(
    connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2}, max_pool_connections=4
)
QUEUE_CONFIG = Config(connect_timeout=0.5, read_timeout=1, retries={"total_max_attempts": 2})


class Telemetry:
    """Turns what happens in serving into metrics and log records."""

    def __init__(self, logger: Logger, metrics: Metrics, *, use_case: str) -> None:
        self._logger, self._metrics, self._use_case = logger, metrics, use_case

    def answered(self, answer: PredictionAnswer, *, rows: int, latency_ms: float) -> None:
        """Count rows, latency and fallbacks; called in the request."""
        self._metrics.add_metric(Metric.PREDICTIONS, MetricUnit.Count, rows)
        self._metrics.add_metric(Metric.PREDICTION_LATENCY, MetricUnit.Milliseconds, latency_ms)
        self._metrics.add_metadata("model_version", answer.engine.version)
        fallback = 0 if answer.engine.source is PredictionSource.CHAMPION else rows
        self._metrics.add_metric(Metric.FALLBACK_PREDICTIONS, MetricUnit.Count, fallback)
        tracing.note(rows=rows, source=answer.engine.source, model_version=answer.engine.version)
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

    def unsent(self, body: str, traceparent: str | None, reason: str) -> None:
        """Keep a prediction message that the queue did not take; called by any thread."""
        origin = {} if traceparent is None else {tracing.TRACEPARENT: traceparent}
        self._logger.error(MESSAGE, extra={"reason": reason, FIELD: body, **origin})
        self._count(Metric.CAPTURE_SEND_FAILED)

    def swapped(self, version: str) -> None:
        """Count a new leader; called by the follower's thread."""
        self._logger.info("champion swapped", extra={"model_version": version})
        self._count(Metric.CHAMPION_SWAPPED)

    def failed(self, reason: str) -> None:
        """Raise an incident; called by the follower's thread."""
        self._logger.error("champion not usable", extra={"reason": reason})
        self._count(Metric.CHAMPION_LOAD_FAILED)

    def _count(self, name: Metric) -> None:
        with single_metric(name=name, unit=MetricUnit.Count, value=1) as metric:
            metric.add_dimension("service", self._metrics.service)
            metric.add_dimension(USE_CASE_DIMENSION, self._use_case)


class Predictor:
    """The application behind API Gateway, and what is done after each answer.

    Args:
        app: The application.
        log: Where answered rows go.
        after: Told of each answer, where Lambda would freeze the process otherwise.
    """

    def __init__(self, app: FastAPI, log: QueueLog, after: AfterResponse | None) -> None:
        self._direct, self._api, self._after = DirectAnswers(app), Mangum(app, lifespan="off"), after
        self.log = log

    def answer(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answer one request; where traces are exported the application makes their spans."""
        directly = None if tracing.is_on() else self._direct.answer(event)
        return self._api(event, context) if directly is None else directly

    def answered(self) -> None:
        """Send the log of what was answered; the caller need not wait for it."""
        self.log.send()
        if self._after is not None:
            self._after.answered()
        elif self.log.wait_s:
            tracing.flush()  # Lambda would freeze the exporting thread


def build(settings: Settings, runtime: Runtime, *, logger: Logger, metrics: Metrics) -> Predictor:
    """Build the predictor and load the champion."""
    logger.append_keys(code_version=settings.code_version, use_case=settings.use_case)
    metrics.set_default_dimensions(**{USE_CASE_DIMENSION: settings.use_case})
    telemetry = Telemetry(logger, metrics, use_case=settings.use_case)
    whole = S3Store(_client("s3", STORE_CONFIG), settings.serving_bucket)
    store = ScopedStore(whole, use_case_prefix(settings.use_case))
    kind = serving_of(settings.use_case)
    follower = ChampionFollower(
        store,
        kind.loaders,
        listener=telemetry,
        ttl_s=settings.champion_ttl_s,
        wait_s=settings.champion_wait_s,
        last_copy=LastCopy(FolderStore(settings.last_copy_dir / settings.use_case), kind.loaders),
    )
    queue = _client("sqs", QUEUE_CONFIG)
    log = QueueLog(queue, settings.capture_queue_url, on_unsent=telemetry.unsent)
    after = _after_response(runtime, partial(_finish, log, timeout_s=settings.capture_drain_s), logger)
    if after is None and runtime.aws_lambda_runtime_api is not None:
        log.wait_s = settings.capture_wait_s  # Lambda would freeze the sending thread
    _warm(follower, kind.first_input, logger)
    ports = ServingPorts(store, follower, log, telemetry)
    return Predictor(kind.build(ports, settings.code_version, settings.origins), log, after)


def _client(service: str, config: Config) -> Any:
    """Build a client without boto3, whose transfer manager alone takes a tenth of the cold start."""
    return get_session().create_client(service, config=config)


def _finish(log: QueueLog, *, timeout_s: float) -> None:
    """Do what is left to do after an answer."""
    log.drain(timeout_s=timeout_s)
    tracing.flush()


def _after_response(runtime: Runtime, finish: Callable[[], object], logger: Logger) -> AfterResponse | None:
    """Stay awake after answers where Lambda offers it; elsewhere nothing freezes us."""
    if runtime.aws_lambda_runtime_api is None:
        return None
    try:
        return AfterResponse(runtime.aws_lambda_runtime_api, finish).start()
    except OSError as err:
        logger.warning("no work after answers; requests wait for the queue", extra={"reason": str(err)})
        return None


def _warm(follower: ChampionFollower, inputs: PredictionInput, logger: Logger) -> None:
    """Load the champion and answer one input, so that the first request finds everything in memory."""
    try:
        answer(follower.view().engines, inputs)
    except UnavailableError as err:
        logger.warning("no champion yet", extra={"reason": str(err)})

"""The operations API: API Gateway to FastAPI, put together once and kept warm."""

from functools import cache, partial
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging import correlation_paths
from mangum import Mangum

from bikecast import tracing
from bikecast.monitoring.findings.glance import glances
from bikecast.names import use_case_prefix
from bikecast.serving.trainings import Trainings
from bikecast.serving.web.gateway import api_key_id, is_request
from bikecast.storage import S3Store, ScopedStore

from .app import OperatePorts, build_app
from .settings import Settings

SERVICE = "operate"
logger = Logger(service=SERVICE)
metrics = Metrics(service=SERVICE)


@cache
def api() -> Mangum:
    """Build the application on first use."""
    settings = Settings()
    storage = boto3.client("s3")
    prefix = use_case_prefix(settings.use_case)
    trainings = Trainings(
        boto3.client("stepfunctions"),
        settings.retrain_state_machine_arn,
        data=S3Store(storage, settings.data_bucket),
        use_case=settings.use_case,
    )

    def link(key: str) -> str:
        # Stored without a type, which a browser would save instead of showing.
        place = {
            "Bucket": settings.reports_bucket,
            "Key": prefix + key,
            "ResponseContentType": "text/html; charset=utf-8",
        }
        return storage.generate_presigned_url("get_object", Params=place, ExpiresIn=settings.link_lifetime_s)

    reports = S3Store(storage, settings.reports_bucket)
    ports = OperatePorts(
        trainings,
        ScopedStore(reports, prefix),
        link,
        glances=partial(glances, reports, settings.use_cases.split(",")),
        may_train=lambda scope: api_key_id(scope) == settings.training_key_id,
    )
    app = build_app(ports, code_version=settings.code_version, allowed_origins=settings.origins)
    return Mangum(app, lifespan="off")


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
@tracing.flushed
@metrics.log_metrics(capture_cold_start_metric=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request; an event that is none, such as a ping, is only acknowledged."""
    return api()(event, context) if is_request(event) else {}

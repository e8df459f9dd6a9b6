"""First state of the retrain machine: a bad request ends the execution here, with its fields named."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from bikecast import tracing

from .plan import Event, plan_retraining

logger = Logger()


@logger.inject_lambda_context
@tracing.flushed
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Check a request and plan its steps."""
    asked = Event.model_validate(event)
    with tracing.span("check request", parent=tracing.traceparent_of_execution(asked.execution)):
        plan = plan_retraining(asked)
    logger.info("retraining planned", extra={"execution": plan["execution"], "workers": len(plan["workers"])})
    return plan

"""The REST API: keys, throttling, access log; paths go to the predictor or to operations."""

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra_cdk.constructs.logs import ExpiringLogGroup
from infra_cdk.constructs.review import suppress_nag
from infra_cdk.settings import InfraSettings

STAGE = "v1"
# Requests a day with the training key; each may start a training, one at a time.
TRAININGS_A_DAY = 20
# ``-c allowed_origins=https://rides.example,https://maps.example``: pages that may call from a browser.
ORIGINS_KEY = "allowed_origins"
GATEWAY_HEADERS = {"X-Content-Type-Options": "'nosniff'", "Cache-Control": "'no-store'"}


class PredictorApi(apigateway.RestApi):
    """The API under one stage; every method wants the API key but the public pages.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent.
        predictor: Answers every path that is not an operation.
        operations: Answers the operations' paths.
        training_key: Starts trainings, which no other key does; the function compares it.
        settings: The target.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        predictor: lambda_.IFunction,
        operations: lambda_.IFunction,
        training_key: apigateway.IApiKey,
        settings: InfraSettings,
    ) -> None:
        access_log = ExpiringLogGroup(scope, f"{construct_id}AccessLogs")
        super().__init__(
            scope,
            construct_id,
            description="bikecast: predictions and operations",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            deploy_options=_stage(access_log, settings=settings),
            default_method_options=apigateway.MethodOptions(api_key_required=True),
            cloud_watch_role=True,
            cloud_watch_role_removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.access_log = access_log
        self._route(predictor=_integration(predictor), operations=_integration(operations))
        for kind in (apigateway.ResponseType.DEFAULT_4_XX, apigateway.ResponseType.DEFAULT_5_XX):
            self.add_gateway_response(kind.response_type, type=kind, response_headers=GATEWAY_HEADERS)
        self.key = self.add_api_key("Key")
        rate, burst = settings.api_rate_per_s, settings.api_burst
        self._plan("Plan", self.key, throttle=_throttle(rate, burst))
        # One at a time, so that two requests at once cannot both find that no training runs.
        quota = apigateway.QuotaSettings(limit=TRAININGS_A_DAY, period=apigateway.Period.DAY)
        self._plan("TrainingPlan", training_key, throttle=_throttle(1, 1), quota=quota)
        suppress_nag(self, ACCEPTED)

    def _route(self, *, predictor: apigateway.Integration, operations: apigateway.Integration) -> None:
        training = self.root.add_resource("training")
        monitoring = self.root.add_resource("monitoring")
        reports = [f"monitor-{report}" for report in ("model", "target", "data", "data-quality")]
        operated = [training, training.add_resource("{id}"), monitoring.add_resource("{proxy+}")]
        for resource in [*operated, *map(self.root.add_resource, reports)]:
            resource.add_method("ANY", operations)  # the function knows which, and says 405 to the others
            self._let_browsers_ask(resource, operations)
        rest = self.root.add_resource("{proxy+}")
        rest.add_method("ANY", predictor)
        self._let_browsers_ask(rest, predictor)
        for page in ("docs", "openapi.json"):
            ours, theirs = self.root.add_resource(page), monitoring.add_resource(page)
            _open(ours, predictor)
            _open(theirs, operations)
            if page == "docs":
                _open(ours.add_resource("{file}"), operations)
                _open(theirs.add_resource("{file}"), operations)
        _open(self.root.add_resource("dashboard"), operations)

    def _let_browsers_ask(self, resource: apigateway.Resource, integration: apigateway.Integration) -> None:
        """Let a browser ask without a key, as browsers do, what a page of another site may send."""
        if allowed_origins(self):
            resource.add_method("OPTIONS", integration, api_key_required=False)

    def _plan(
        self,
        construct_id: str,
        key: apigateway.IApiKey,
        *,
        throttle: apigateway.ThrottleSettings,
        quota: apigateway.QuotaSettings | None = None,
    ) -> None:
        plan = self.add_usage_plan(construct_id, throttle=throttle, quota=quota)
        plan.add_api_key(key)
        plan.add_api_stage(stage=self.deployment_stage)

    def serve_at(self, domain: str, *, certificate_arn: str) -> apigateway.DomainName:
        """Answer under a domain, too, at its root; its DNS entry is the owner's to make."""
        return self.add_domain_name(
            "Domain",
            domain_name=domain,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", certificate_arn),
            endpoint_type=apigateway.EndpointType.REGIONAL,
            security_policy=apigateway.SecurityPolicy.TLS_1_2,
        )


def allowed_origins(scope: Construct) -> str:
    """Return the origins whose pages may call the API, as the deployment's command line names them."""
    return str(scope.node.try_get_context(ORIGINS_KEY) or "")


def _throttle(rate_per_s: int, burst: int) -> apigateway.ThrottleSettings:
    return apigateway.ThrottleSettings(rate_limit=rate_per_s, burst_limit=burst)


def _open(page: apigateway.Resource, integration: apigateway.Integration) -> None:
    """Let a browser read a page without a key; such a page holds a contract or a frame, no data."""
    page.add_method("GET", integration, api_key_required=False)
    page.add_method("ANY", integration)


def _integration(function: lambda_.IFunction) -> apigateway.LambdaIntegration:
    return apigateway.LambdaIntegration(function, scope_permission_to_method=False)


def _stage(access_log: ExpiringLogGroup, *, settings: InfraSettings) -> apigateway.StageOptions:
    return apigateway.StageOptions(
        stage_name=STAGE,
        logging_level=apigateway.MethodLoggingLevel.ERROR,
        data_trace_enabled=False,
        metrics_enabled=True,
        tracing_enabled=settings.xray,
        throttling_rate_limit=settings.api_rate_per_s,
        throttling_burst_limit=settings.api_burst,
        access_log_destination=apigateway.LogGroupLogDestination(access_log),
        access_log_format=apigateway.AccessLogFormat.json_with_standard_fields(
            caller=False, http_method=True, ip=True, protocol=True, request_time=True,
            resource_path=True, response_length=True, status=True, user=False,
        ),
    )  # fmt: skip


ACCEPTED = {
    "AwsSolutions-APIG2": "The functions check each field and answer 422 with the path of the bad ones.",
    "AwsSolutions-APIG3": "A web firewall costs more than this API; the key and both throttles bound abuse.",
    "AwsSolutions-APIG4": "Callers are known by API key and usage plan; the public pages hold no data.",
    "AwsSolutions-COG4": "There are no human accounts here; callers are programs with a key.",
    "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
    "AmazonAPIGatewayPushToCloudWatchLogs]": "API Gateway's role for its logs, by its manual.",
}

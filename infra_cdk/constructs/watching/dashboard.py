"""The CloudWatch dashboard: is it up, is it right, is it fresh."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from bikecast.names import USE_CASE_DIMENSION, Metric
from infra_cdk.constructs.naming import metric_namespace_of

HOUR = cdk.Duration.hours(1)
WIDTH = 8


class OperationsDashboard(cloudwatch.Dashboard):
    """Traffic and latency, model health, jobs and queues."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        use_case: str,
        functions: Mapping[str, lambda_.IFunction],
        machines: Mapping[str, sfn.IStateMachine],
        api: apigateway.RestApi,
        queue: sqs.IQueue,
        dead_letters: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id, default_interval=cdk.Duration.days(7))
        self._use_case = use_case
        self._show_service(functions=functions, api=api)
        self._show_model(functions["predict"])
        self.add_widgets(
            _graph(
                "Failed executions", [machine.metric_failed(label=role) for role, machine in machines.items()]
            ),
            _graph("Waiting predictions", [queue.metric_approximate_number_of_messages_visible()]),
            _graph("Dead letters", [dead_letters.metric_approximate_number_of_messages_visible()]),
        )

    def _show_service(self, *, functions: Mapping[str, lambda_.IFunction], api: apigateway.RestApi) -> None:
        self.add_widgets(
            _graph("Requests", [api.metric_count(), api.metric_client_error(), api.metric_server_error()]),
            _graph("Latency, ms", [api.metric_latency(statistic=s) for s in ("p50", "p95", "p99")]),
            _graph(
                "Function errors",
                [function.metric_errors(label=role) for role, function in functions.items()],
            ),
        )

    def _show_model(self, predict: lambda_.IFunction) -> None:
        self.add_widgets(
            _graph("Predictions", self._predict(Metric.PREDICTIONS, Metric.FALLBACK_PREDICTIONS)),
            _graph("Champion", self._predict(Metric.CHAMPION_SWAPPED, Metric.CHAMPION_LOAD_FAILED)),
            _graph("Cold starts", [_cold_starts(predict)]),
        )
        self.add_widgets(
            _graph(
                "Drift and missing values",
                self._monitor(
                    Metric.DRIFT_SCORE, Metric.DRIFTED_FEATURES, Metric.MISSING_SHARE, Metric.ALARMS
                ),
            ),
            _graph("Primary metric on answered predictions", self._monitor(Metric.LIVE_METRIC)),
            _graph("Age, days", self._monitor(Metric.MODEL_AGE_DAYS, Metric.DATA_AGE_DAYS)),
        )

    def _predict(self, *names: str) -> list[cloudwatch.Metric]:
        return [self._metric(name, service="predict", statistic="Sum") for name in names]

    def _monitor(self, *names: str) -> list[cloudwatch.Metric]:
        return [self._metric(name, service="monitor_drift", statistic="Maximum") for name in names]

    def _metric(self, name: str, *, service: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=metric_namespace_of(self),
            metric_name=str(name),
            dimensions_map={"service": service, USE_CASE_DIMENSION: self._use_case},
            statistic=statistic,
            period=HOUR,
        )


def _graph(title: str, metrics: list[cloudwatch.Metric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=WIDTH, height=6)


def _cold_starts(predict: lambda_.IFunction) -> cloudwatch.Metric:
    """Powertools names this one itself, and adds the function's name."""
    dimensions = {"function_name": predict.function_name, "service": "predict"}
    return cloudwatch.Metric(
        namespace=metric_namespace_of(predict),
        metric_name="ColdStart",
        dimensions_map=dimensions,
        statistic="Sum",
        period=HOUR,
    )

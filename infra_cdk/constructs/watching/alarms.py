"""Alarms on single metrics, each of which asks a person to look; all go to one topic."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from bikecast.names import USE_CASE_DIMENSION, Metric
from infra_cdk.constructs.naming import metric_namespace_of

RUNBOOK = "docs/runbook.md"
PERIOD = cdk.Duration.minutes(5)
DAY = cdk.Duration.days(1)
LATENCY_LIMIT_MS = 2_000
STALE_MODEL_DAYS = 45
STALE_DATA_DAYS = 45
FREE_STORAGE_BYTES = 2 * 1024**3


class Alarms(Construct):
    """Everything that rings.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent.
        use_case: Whose models are watched.
        topic: Who hears it.
        functions: Functions by role.
        machines: State machines by role.
        dead_letters: Where captured predictions end that nobody could store.
        api: The REST API.
        database: Postgres, where this use case's alarms watch it for all; ``None`` if it is not ours.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        use_case: str,
        topic: sns.ITopic,
        functions: Mapping[str, lambda_.IFunction],
        machines: Mapping[str, sfn.IStateMachine],
        dead_letters: sqs.IQueue,
        api: apigateway.RestApi,
        database: rds.IDatabaseInstance | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._use_case = use_case
        self._action = actions.SnsAction(topic)
        for role, function in functions.items():
            errors = function.metric_errors(period=PERIOD)
            self._ring(f"{role}-errors", errors, above=0, section="function-errors")
            throttles = function.metric_throttles(period=PERIOD)
            self._ring(f"{role}-throttled", throttles, above=0, section="function-throttled")
        for role, machine in machines.items():
            failed = machine.metric_failed(period=PERIOD)
            self._ring(f"{role}-machine-failed", failed, above=0, section="machine-failed")
            late = machine.metric_timed_out(period=PERIOD)
            self._ring(f"{role}-machine-timed-out", late, above=0, section="machine-timed-out")
        self._ring(
            "dead-letters", dead_letters.metric_approximate_number_of_messages_visible(period=PERIOD), above=0
        )
        self._ring("api-errors", api.metric_server_error(period=PERIOD, statistic="Sum"), above=0)
        slow = functions["predict"].metric_duration(period=PERIOD, statistic="p95")
        self._ring("predict-slow", slow, above=LATENCY_LIMIT_MS, periods=3)
        self._ring_for_models()
        if database is not None:
            self._ring_for_database(database)

    def _ring_for_models(self) -> None:
        self._ring(
            "fallback-predictions", self._ours(Metric.FALLBACK_PREDICTIONS, service="predict"), above=0
        )
        self._ring(
            "champion-load-failed", self._ours(Metric.CHAMPION_LOAD_FAILED, service="predict"), above=0
        )
        self._ring("capture-send-failed", self._ours(Metric.CAPTURE_SEND_FAILED, service="predict"), above=0)
        drift = self._ours(Metric.ALARMS, service="monitor_drift", statistic="Maximum", period=DAY)
        self._ring("drift", drift, above=0)
        age = self._ours(Metric.MODEL_AGE_DAYS, service="monitor_drift", statistic="Maximum", period=DAY)
        self._ring("stale-model", age, above=STALE_MODEL_DAYS)
        data_age = self._ours(Metric.DATA_AGE_DAYS, service="monitor_drift", statistic="Maximum", period=DAY)
        self._ring("stale-data", data_age, above=STALE_DATA_DAYS)

    def _ring_for_database(self, database: rds.IDatabaseInstance) -> None:
        self._ring("database-busy", database.metric_cpu_utilization(period=PERIOD), above=90, periods=3)
        full = database.metric_free_storage_space(period=PERIOD, statistic="Minimum")
        self._alarm(
            "database-full",
            full,
            FREE_STORAGE_BYTES,
            cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            1,
            section="database-full",
        )

    def _ring(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        *,
        above: float,
        periods: int = 1,
        section: str | None = None,
    ) -> None:
        comparison = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
        self._alarm(name, metric, above, comparison, periods, section=section or name)

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        comparison: cloudwatch.ComparisonOperator,
        periods: int,
        *,
        section: str,
    ) -> None:
        what = f"{self._use_case}: {name.replace('-', ' ').replace('_', ' ')}"
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_description=f"bikecast, {what}. What to do: {RUNBOOK}#{section}",
            metric=metric,
            threshold=threshold,
            comparison_operator=comparison,
            evaluation_periods=periods,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)

    def _ours(
        self, name: Metric, *, service: str, statistic: str = "Sum", period: cdk.Duration = PERIOD
    ) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=metric_namespace_of(self),
            metric_name=name,
            dimensions_map={"service": service, USE_CASE_DIMENSION: self._use_case},
            statistic=statistic,
            period=period,
        )

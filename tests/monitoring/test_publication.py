"""What CloudWatch is told of a window."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics

from lambdas.monitor_drift.publication import LOGGED, publish


def test_each_metric_of_a_declared_use_case_is_told_and_what_is_unknown_is_not() -> None:
    metrics = Metrics(service="monitor_drift", namespace="test")
    metrics.clear_metrics()
    found = {"mae_current": 5.6, "rmse_current": 13.6, "r2_current": None, "mae_reference": 5.5}
    verdict: dict[str, Any] = dict.fromkeys(LOGGED) | {
        "metrics": found | {"share_missing_values": 0.1, "num_drifted_columns": 2},
        "metric_value": 5.6,
        "alarms": 0,
        "model_age_days": 1.0,
        "data_age_days": None,
    }
    publish(verdict, scored_by=("mae", "rmse", "r2"), metrics=metrics, logger=Logger(service="test"))
    told: Any = metrics.serialize_metric_set()
    metrics.clear_metrics()
    named = {entry["Name"] for entry in told["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert named == {
        "LiveMetric", "LiveMetric_mae", "LiveMetric_rmse", "MissingValuesShare", "DriftedFeatures",
        "MonitorAlarms", "ModelAgeDays",
    }  # fmt: skip
    assert told["LiveMetric_rmse"] == [13.6]

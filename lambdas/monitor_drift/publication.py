"""Verdicts as metrics (by log lines, EMF) and as one log record each."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from bikecast.names import Metric

LOGGED = ("window_start", "window_end", "model_version", "verdict", "severity", "source", "report_key")


def publish(verdict: dict[str, Any], *, metrics: Metrics, logger: Logger) -> None:
    """Publish one window's numbers; what is not known is left out."""
    found = verdict["metrics"]
    values = {
        Metric.DRIFT_SCORE: (MetricUnit.NoUnit, found.get("prediction_drift")),
        Metric.DRIFTED_FEATURES: (MetricUnit.Count, found.get("num_drifted_columns")),
        Metric.LIVE_METRIC: (MetricUnit.NoUnit, verdict["metric_value"]),
        Metric.ALARMS: (MetricUnit.Count, verdict["alarms"]),
        Metric.MODEL_AGE_DAYS: (MetricUnit.NoUnit, verdict["model_age_days"]),
        Metric.DATA_AGE_DAYS: (MetricUnit.NoUnit, verdict["data_age_days"]),
    }
    for name, (unit, value) in values.items():
        if value is not None:
            metrics.add_metric(name=name, unit=unit, value=value)
    logger.info("window judged", extra={name: verdict[name] for name in LOGGED})

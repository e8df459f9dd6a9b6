"""Verdicts as metrics (by log lines, EMF) and as one log record each."""

from collections.abc import Iterable
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from bikecast.names import Metric, live_metric

LOGGED = ("window_start", "window_end", "model_version", "verdict", "severity", "source", "report_key")


def publish(verdict: dict[str, Any], *, scored_by: Iterable[str], metrics: Metrics, logger: Logger) -> None:
    """Publish one window's numbers, with the metrics that score it; what is not known is left out."""
    found = verdict["metrics"]
    scores = {live_metric(name): (MetricUnit.NoUnit, found.get(f"{name}_current")) for name in scored_by}
    values = scores | {
        Metric.DRIFT_SCORE: (MetricUnit.NoUnit, found.get("prediction_drift")),
        Metric.DRIFTED_FEATURES: (MetricUnit.Count, found.get("num_drifted_columns")),
        Metric.MISSING_SHARE: (MetricUnit.NoUnit, found.get("share_missing_values")),
        Metric.LIVE_METRIC: (MetricUnit.NoUnit, verdict["metric_value"]),
        Metric.ALARMS: (MetricUnit.Count, verdict["alarms"]),
        Metric.MODEL_AGE_DAYS: (MetricUnit.NoUnit, verdict["model_age_days"]),
        Metric.DATA_AGE_DAYS: (MetricUnit.NoUnit, verdict["data_age_days"]),
    }
    for name, (unit, value) in values.items():
        if value is not None:
            metrics.add_metric(name=name, unit=unit, value=value)
    logger.info("window judged", extra={name: verdict[name] for name in LOGGED})

"""Metrics that functions and tasks write into their logs become metrics.

AWS: CloudWatch turns log events in the embedded metric format into metrics.
MiniStack: it stores the lines and does nothing with them.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from collections.abc import Iterator
from typing import Any

from ministack.services import cloudwatch, cloudwatch_logs

from local_cloud.fidelity.anchors import require


def apply() -> None:
    """Look at every event that is appended to a log stream."""
    require(cloudwatch_logs._append_log_events, "def _append_log_events(stream, ")
    require(cloudwatch.record_metric, "def record_metric(")
    append = cloudwatch_logs._append_log_events

    def append_and_measure(stream: Any, events: Any, *arguments: Any, **options: Any) -> Any:
        for event in events:
            for namespace, name, value, unit, dimensions in measurements(event.get("message", "")):
                cloudwatch.record_metric(namespace, name, value, unit, dimensions)
        return append(stream, events, *arguments, **options)

    cloudwatch_logs._append_log_events = append_and_measure


def measurements(message: str) -> Iterator[tuple[str, str, float, str, dict[str, str]]]:
    """Yield namespace, metric, value, unit and dimensions of every value in an embedded-metric event."""
    start = message.find("{")
    if start < 0 or '"_aws"' not in message:
        return
    try:
        document = json.loads(message[start:])
    except json.JSONDecodeError:
        return
    for directive in document.get("_aws", {}).get("CloudWatchMetrics", []):
        for names in directive.get("Dimensions") or [[]]:
            dimensions = {name: str(document[name]) for name in names if name in document}
            for metric in directive.get("Metrics", []):
                values = document.get(metric["Name"], [])
                for value in values if isinstance(values, list) else [values]:
                    yield (
                        directive["Namespace"],
                        metric["Name"],
                        float(value),
                        metric.get("Unit", "None"),
                        dimensions,
                    )

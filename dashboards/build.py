"""Write the dashboard and the alert rules: ``python -m dashboards.build [ENVIRONMENT]``.

The files are what Grafana provisions, in Docker by its provisioning folder and in Amazon Managed Grafana
by its API; a test holds them to this module. Data sources are found by uid: ``bikecast-postgres`` and
``bikecast-cloudwatch``. Those of another environment than the default one, with its provisioning, are
written to ``.build/dashboards/ENVIRONMENT``.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bikecast.names import (
    DEFAULT_ENVIRONMENT,
    DEFAULT_USE_CASE,
    METRIC_NAMESPACE,
    USE_CASE_DIMENSION,
    Metric,
    is_environment,
)
from dashboards import alerts, queries
from dashboards.environments import of_environment, provider_of_environment, sources_of_environment
from dashboards.sources import CLOUDWATCH, POSTGRES, sql

HERE = Path(__file__).parent
SCHEMA_VERSION = 39  # Grafana 11; later ones migrate it
COLUMNS = 24


def metric(name: str, *, statistic: str, service: str) -> dict[str, Any]:
    """Return the query of one of our CloudWatch metrics."""
    return {
        "refId": name,
        "datasource": CLOUDWATCH,
        "queryMode": "Metrics",
        "metricQueryType": 0,
        "metricEditorMode": 0,
        "namespace": METRIC_NAMESPACE,
        "metricName": name,
        "statistic": statistic,
        "dimensions": {"service": [service], USE_CASE_DIMENSION: ["$use_case"]},
        "matchExact": True,
        "region": "default",
        "period": "",
        "id": "",
        "label": "",
    }


def panel(
    title: str,
    kind: str,
    targets: list[dict[str, Any]],
    *,
    at: tuple[int, int, int, int],
    unit: str = "short",
    limit: float | None = None,
    note: str = "",
) -> dict[str, Any]:
    """Return one panel.

    Args:
        title: What a person reads.
        kind: ``timeseries``, ``stat`` or ``table``.
        targets: Its queries.
        at: x, y, width, height in Grafana's grid of 24 columns.
        unit: Grafana's unit id.
        limit: A line drawn across, red above.
        note: Shown behind the little i.
    """
    x, y, width, height = at
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if limit is not None:
        steps.append({"color": "red", "value": limit})
    custom = {"thresholdsStyle": {"mode": "dashed" if limit is not None else "off"}, "showPoints": "auto"}
    return {
        "title": title,
        "type": kind,
        "description": note,
        "datasource": targets[0]["datasource"],
        "targets": targets,
        "gridPos": {"x": x, "y": y, "w": width, "h": height},
        "fieldConfig": {
            "defaults": {
                "unit": unit,
                "thresholds": {"mode": "absolute", "steps": steps},
                "custom": custom if kind == "timeseries" else {},
            },
            "overrides": [],
        },
        "options": {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "/.*/"}} if kind == "stat" else {},
    }


def panels() -> list[dict[str, Any]]:
    """Return the panels in reading order, with ids."""
    found = [*_now(), *_errors(), *_drift(), *_traffic(), *_records(), *_cloudwatch()]
    return [{"id": number, **one} for number, one in enumerate(found, start=1)]


def _now() -> list[dict[str, Any]]:
    still_open = sql(queries.OPEN_INCIDENTS, shape="table")
    return [
        panel("Last verdict", "stat", sql(queries.VERDICT, shape="table"), at=(0, 0, 8, 4)),
        panel("Champion", "stat", sql(queries.CHAMPION, shape="table"), at=(8, 0, 5, 4)),
        panel("Open incidents", "stat", still_open, at=(13, 0, 5, 4), limit=1.0),
        panel("Predictions in 24 h", "stat", sql(queries.PREDICTIONS_TODAY, shape="table"), at=(18, 0, 6, 4)),
    ]


def _errors() -> list[dict[str, Any]]:
    error = sql(queries.WAPE, queries.WAPE_LIMIT)
    note = "Limits come from the champion's own history, for a stated rate of false alarms."
    live = sql(queries.LIVE_ERROR, queries.HOLDOUT_ERROR)
    return [
        panel(
            "Average error as a share of the total (WAPE)",
            "timeseries",
            error,
            at=(0, 4, 12, 8),
            unit="percentunit",
            note=note,
        ),
        panel(
            "Metrics of the window and of its reference", "timeseries", sql(queries.ERRORS), at=(12, 4, 12, 8)
        ),
        panel(
            "Bias and gap of the interval",
            "timeseries",
            sql(queries.BIAS),
            at=(0, 12, 12, 8),
            unit="percentunit",
        ),
        panel(
            "Live RMSE of captured predictions, and the holdout's, by version",
            "timeseries",
            live,
            at=(12, 12, 12, 8),
        ),
    ]


def _drift() -> list[dict[str, Any]]:
    ratio = sql(queries.DRIFT)
    return [
        panel("Drift, as a multiple of each limit", "timeseries", ratio, at=(0, 20, 16, 9), limit=1.0),
        panel("Drifted columns and bad data", "timeseries", sql(queries.DRIFTED), at=(16, 20, 8, 9)),
    ]


def _traffic() -> list[dict[str, Any]]:
    return [
        panel("Predictions an hour, by source", "timeseries", sql(queries.TRAFFIC), at=(0, 29, 8, 8)),
        panel("Latency", "timeseries", sql(queries.LATENCY), at=(8, 29, 8, 8), unit="ms"),
        panel("Label delay", "timeseries", sql(queries.LABEL_DELAY), at=(16, 29, 8, 8), unit="d"),
    ]


def _records() -> list[dict[str, Any]]:
    return [
        panel("Incidents", "table", sql(queries.INCIDENTS, shape="table"), at=(0, 37, 12, 8)),
        panel("Decisions about models", "table", sql(queries.DECISIONS, shape="table"), at=(12, 37, 12, 8)),
    ]


def _cloudwatch() -> list[dict[str, Any]]:
    served = [
        metric(Metric.PREDICTIONS, statistic="Sum", service="predict"),
        metric(Metric.FALLBACK_PREDICTIONS, statistic="Sum", service="predict"),
    ]
    ages = [
        metric(Metric.MODEL_AGE_DAYS, statistic="Maximum", service="monitor_drift"),
        metric(Metric.DATA_AGE_DAYS, statistic="Maximum", service="monitor_drift"),
    ]
    return [
        panel("Predictions, total and fallback", "timeseries", served, at=(0, 45, 12, 8)),
        panel("Age of model and data", "timeseries", ages, at=(12, 45, 12, 8), unit="d"),
    ]


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Grafana imports it."""
    marks = (("Promotions", queries.PROMOTIONS, "blue"), ("Incidents", queries.INCIDENT_MARKS, "red"))
    return {
        "uid": "bikecast-model",
        "title": "bikecast: model health",
        "tags": ["bikecast"],
        "timezone": "America/New_York",
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "refresh": "5m",
        "time": {"from": "now-1y", "to": "now"},
        "templating": {"list": [_variable("use_case", "Use case", queries.USE_CASES), *_versions()]},
        "annotations": {"list": [_annotation(*mark) for mark in marks]},
        "panels": panels(),
    }


def _variable(name: str, label: str, statement: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": POSTGRES,
        "query": statement,
        "refresh": 2,
        "multi": False,
        "includeAll": False,
        "current": {"selected": True, "text": DEFAULT_USE_CASE, "value": DEFAULT_USE_CASE},
        **more,
    }


def _versions() -> list[dict[str, Any]]:
    every = {"selected": True, "text": ["All"], "value": ["$__all"]}
    more = {"multi": True, "includeAll": True, "current": every}
    return [_variable("version", "Model version", queries.VERSIONS, **more)]


def _annotation(name: str, statement: str, color: str) -> dict[str, Any]:
    return {
        "name": name,
        "datasource": POSTGRES,
        "enable": True,
        "iconColor": color,
        "target": sql(statement, shape="table")[0],
    }


def files(environment: str = DEFAULT_ENVIRONMENT) -> dict[str, str]:
    """Return the text of each generated file by its path below this folder."""
    written: Sequence[tuple[str, dict[str, Any]]] = (
        ("model_health.json", dashboard()),
        ("provisioning/alerting/rules.json", alerts.alert_rules()),
    )
    return {
        name: json.dumps(of_environment(content, environment), indent=2) + "\n" for name, content in written
    }


def provisioning(environment: str) -> dict[str, str]:
    """Return the texts of the data sources and of the dashboards' provider by their paths."""
    sources, provider = "provisioning/datasources/bikecast.yaml", "provisioning/dashboards/bikecast.yaml"
    return {
        sources: sources_of_environment((HERE / sources).read_text(), environment),
        provider: provider_of_environment((HERE / provider).read_text(), environment),
    }


def write(environment: str) -> Path:
    """Write the files of an environment and return their folder."""
    if environment == DEFAULT_ENVIRONMENT:
        folder, texts = HERE, files()
    else:
        folder = HERE.parent / ".build/dashboards" / environment
        texts = files(environment) | provisioning(environment)
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else DEFAULT_ENVIRONMENT
    if not is_environment(chosen):
        sys.exit(
            f"an environment is one word of at most 16 lower-case letters and digits, but got {chosen!r}"
        )
    print(write(chosen))  # noqa: T201 - where the files are

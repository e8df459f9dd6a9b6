"""The dashboard's one JSON: champion, verdicts, live error, heat map, incidents, decisions.

Light imports: the monitor writes it after every run, and steps that change what it shows may too.
"""

import datetime as dt
import json
import math
from typing import TYPE_CHECKING, Any

from bikecast.monitoring.findings.incidents import list_incidents
from bikecast.monitoring.limits.limits import read_thresholds
from bikecast.monitoring.recent import read_recent
from bikecast.names import DASHBOARD_SUMMARY_KEY
from bikecast.registry.automation import read_switch
from bikecast.registry.champion_store import ChampionStore
from bikecast.registry.manifest import ChampionManifest
from bikecast.storage import ObjectStore

if TYPE_CHECKING:
    import psycopg

WINDOWS_SHOWN = 60
ROWS_SHOWN = 20
RETIRED = "its champion was retired"

WINDOWS = """
select model_version, window_start, window_end, verdict, severity, reasons, source, n_rows, n_predictions,
    metrics, wape,
    case when (scores ->> 'error')::float8 > 0
         then wape * (thresholds ->> 'error')::float8 / (scores ->> 'error')::float8 end as wape_limit,
    bias, interval_coverage, (metrics ->> 'prediction_drift')::float8 as prediction_drift,
    (metrics ->> 'num_drifted_columns')::int as num_drifted_columns,
    (metrics ->> 'share_missing_values')::float8 as share_missing_values, missing_hours,
    label_delay_hours, latency_p95_ms, fallback_share, report_key, computed_at
from monitoring.windows where use_case = %s and model_version = any(%s)
order by window_end desc, computed_at desc limit %s
"""
HEAT = """
select feature, window_start, score, threshold, drifted, method, current_mean, reference_mean
from monitoring.feature_drift
where use_case = %s and model_version = %s and window_end > %s order by feature, window_start
"""
LIVE = """
select model_version, window_start, n_rows, metrics, rmse, mae, wape, bias, interval_coverage,
    label_delay_hours
from monitoring.live_error where use_case = %s and model_version = any(%s)
order by window_start desc, model_version limit %s
"""
DECISIONS = """
select decided_at, decision, reason, challenger_version, champion_version
from monitoring.decisions where use_case = %s order by decided_at desc limit %s
"""
AUTOMATION = """
select happened_at, action, actor, reason from monitoring.automation_events where use_case = %s
order by happened_at desc limit %s
"""


def write_summary(
    use_case: str,
    serving: ObjectStore,
    reports: ObjectStore,
    connection: "psycopg.Connection",
    *,
    now: dt.datetime,
) -> None:
    """Gather the summary and replace the object that the dashboard reads."""
    summary = build_summary(use_case, serving, connection, now=now)
    champion = summary["champion"]
    summary["recent"] = None if champion is None else read_recent(reports, champion["version"])
    reports.write(DASHBOARD_SUMMARY_KEY, json.dumps(summary, default=str, allow_nan=False).encode())


def build_summary(
    use_case: str, serving: ObjectStore, connection: "psycopg.Connection", *, now: dt.datetime
) -> dict[str, Any]:
    """Return what the dashboard shows, newest first; what is not known is null."""
    champions = ChampionStore(serving)
    champion = champions.look()
    manifest = champion.manifest
    # A retired champion learnt from other data: what was found about it says nothing of this one.
    versions, retired_at = champions.served_versions(), champions.history.last_retirement()
    thresholds = None if manifest is None else read_thresholds(serving, manifest)
    windows = _rows(connection, WINDOWS, use_case, versions, WINDOWS_SHOWN)
    # Scores stand in the order in which they count.
    primary = None if manifest is None else next(iter(manifest.holdout.values), None)
    for window in windows:
        window["metric_value"] = _metric_value(window["metrics"], primary)
    return {
        "use_case": use_case,
        "metric": primary,
        "generated_at": now.isoformat(),
        "champion": None if manifest is None else _champion(manifest),
        "champion_problem": champion.problem,
        "automation": read_switch(serving).model_dump(mode="json"),
        "automation_events": _rows(connection, AUTOMATION, use_case, ROWS_SHOWN),
        "windows": windows,
        "heat": _heat(connection, use_case, windows),
        "live_error": _rows(connection, LIVE, use_case, versions, WINDOWS_SHOWN * 3),
        "versions": versions,
        "incidents": [
            _plain(_incident(row, versions, retired_at))
            for row in list_incidents(connection, use_case=use_case, limit=ROWS_SHOWN)
        ],
        "decisions": [
            row | {"retired": _is_before(row["decided_at"], retired_at)}
            for row in _rows(connection, DECISIONS, use_case, ROWS_SHOWN)
        ],
        "thresholds": None if thresholds is None else thresholds.model_dump(mode="json"),
        "latest_report": next((w["report_key"] for w in windows if w["report_key"]), None),
    }


def _incident(row: dict[str, Any], versions: list[str], retired_at: dt.datetime | None) -> dict[str, Any]:
    """Say whether an incident is of a retired champion; such a one needs nobody, so it is not open."""
    is_past = retired_at is not None and (
        row["model_version"] not in versions or row["opened_at"] <= retired_at
    )
    closing = {"status": "closed", "closed_at": retired_at, "closed_reason": RETIRED}
    return row | (closing if is_past and row["status"] == "open" else {}) | {"retired": is_past}


def _metric_value(metrics: dict[str, Any], primary: str | None) -> float | None:
    """Return the primary metric of a window; hourly demand's columns have the names of its predecessor."""
    return next(
        (v for n in ("current", "score_current") if (v := metrics.get(f"{primary}_{n}")) is not None), None
    )


def _champion(manifest: ChampionManifest) -> dict[str, Any]:
    names = {"model_name", "version", "run_id", "published_at", "code_version", "data_hash", "simulated"}
    shown: dict[str, Any] = manifest.model_dump(mode="json", include=names | {"holdout", "baselines"})
    return shown | {
        "n_features": len(manifest.features),
        "level_as_of": manifest.level_as_of,
        "previous_version": None if manifest.previous is None else manifest.previous.version,
    }


def _heat(connection: "psycopg.Connection", use_case: str, windows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return scores of one version's windows, a row a feature, a column a window, oldest first."""
    if not windows:
        return {"version": None, "windows": [], "features": []}
    version = windows[0]["model_version"]
    starts = sorted({w["window_start"] for w in windows if w["model_version"] == version})
    features: dict[str, dict[str, Any]] = {}
    for row in _rows(connection, HEAT, use_case, version, starts[0]):
        found = features.setdefault(
            row["feature"], {"feature": row["feature"], "method": row["method"], "cells": {}}
        )
        found["cells"][row["window_start"]] = {n: row[n] for n in ("score", "threshold", "drifted")}
    rows = [f | {"cells": [f["cells"].get(start) for start in starts]} for f in features.values()]
    return {"version": version, "windows": starts, "features": rows}


def _is_before(moment: str, retired_at: dt.datetime | None) -> bool:
    return retired_at is not None and dt.datetime.fromisoformat(moment) <= retired_at


def _rows(connection: "psycopg.Connection", query: str, *values: object) -> list[dict[str, Any]]:
    cursor = connection.execute(query.encode(), values)
    names = [column.name for column in cursor.description or ()]
    return [_plain(dict(zip(names, row, strict=True))) for row in cursor]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

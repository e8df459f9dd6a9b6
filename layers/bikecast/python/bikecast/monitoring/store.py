"""The monitor's rows in Postgres: written by upsert in one transaction, so a repeated run changes nothing."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bikecast.monitoring.columns import EXTRA_COLUMNS, METRIC_COLUMNS
from bikecast.monitoring.numbers import ColumnDrift
from bikecast.monitoring.windows import Window

if TYPE_CHECKING:
    import psycopg

KEY = ("model_version", "window_start", "window_end")
JSON_COLUMNS = ("reasons", "scores", "thresholds")
OTHER_COLUMNS = (
    "source",
    "verdict",
    "severity",
    "n_rows",
    "n_predictions",
    "wape",
    "bias",
    "interval_coverage",
    "missing_hours",
    "duplicate_hours",
    "out_of_range_values",
    "new_categories",
    "label_delay_hours",
    "latency_p50_ms",
    "latency_p95_ms",
    "fallback_share",
    "report_key",
    "computed_at",
)
WINDOW_COLUMNS = (*KEY, *METRIC_COLUMNS, *EXTRA_COLUMNS, *OTHER_COLUMNS, *JSON_COLUMNS)
FEATURE_COLUMNS = (
    "feature",
    "kind",
    "method",
    "score",
    "threshold",
    "drifted",
    "current_mean",
    "reference_mean",
    "missing_share",
)


def lock_window(connection: "psycopg.Connection", version: str, window: Window) -> None:
    """Make other runs of the same window wait until this transaction ends."""
    name = f"{version}|{window.start}|{window.end}".encode()
    key = int.from_bytes(hashlib.sha256(name).digest()[:8], "big", signed=True)
    connection.execute("select pg_advisory_xact_lock(%s)", (key,))


def write_window(
    connection: "psycopg.Connection", row: Mapping[str, Any], features: Sequence[ColumnDrift]
) -> None:
    """Put or replace one window's row and its features' rows."""
    values = {name: row.get(name) for name in WINDOW_COLUMNS}
    values |= {name: json.dumps(row[name]) for name in JSON_COLUMNS}
    columns = ", ".join(WINDOW_COLUMNS)
    places = ", ".join(f"%({name})s" for name in WINDOW_COLUMNS)
    changes = ", ".join(_change(name) for name in WINDOW_COLUMNS if name not in KEY)
    statement = (
        f"insert into monitoring.citibike_metrics ({columns}) values ({places})"  # noqa: S608 - own names
        f" on conflict ({', '.join(KEY)}) do update set {changes}"
    )
    connection.execute(statement.encode(), values)
    key = tuple(row[name] for name in KEY)
    connection.execute(
        "delete from monitoring.feature_drift"
        " where model_version = %s and window_start = %s and window_end = %s",
        key,
    )
    if features:
        _write_features(connection, key, features)


def _change(column: str) -> str:
    if column == "report_key":  # a later run for numbers alone keeps the page of an earlier one
        return "report_key = coalesce(excluded.report_key, citibike_metrics.report_key)"
    return f"{column} = excluded.{column}"


def _write_features(
    connection: "psycopg.Connection", key: tuple[Any, ...], features: Sequence[ColumnDrift]
) -> None:
    columns = (*KEY, *FEATURE_COLUMNS)
    places = ", ".join(["%s"] * len(columns))
    statement = f"insert into monitoring.feature_drift ({', '.join(columns)}) values ({places})"  # noqa: S608 - own names
    rows = [(*key, *(getattr(feature, name) for name in FEATURE_COLUMNS)) for feature in features]
    with connection.cursor() as cursor:
        cursor.executemany(statement.encode(), rows)


def traffic(connection: "psycopg.Connection", version: str, window: Window) -> dict[str, Any]:
    """Return counts, latency and label delay of the predictions made for a window's hours.

    Aggregated by the database, so the traffic may be any.
    """
    row = connection.execute(
        "select count(*), percentile_cont(0.5) within group (order by latency_ms),"
        " percentile_cont(0.95) within group (order by latency_ms),"
        " (select avg((source <> 'champion')::int) from monitoring.predictions"
        "  where predicted_for >= %(start)s and predicted_for < %(end)s)"
        " from monitoring.predictions"
        " where model_version = %(version)s and predicted_for >= %(start)s and predicted_for < %(end)s",
        {"version": version, "start": window.start, "end": window.end},
    ).fetchone()
    assert row is not None  # an aggregate always has one row
    names = ("n_predictions", "latency_p50_ms", "latency_p95_ms", "fallback_share")
    counted = {n: None if v is None else float(v) for n, v in zip(names, row, strict=True)}
    return counted | {"label_delay_hours": _label_delay(connection, window)}


def _label_delay(connection: "psycopg.Connection", window: Window) -> float | None:
    row = connection.execute(
        "select avg(extract(epoch from loaded_at - hour at time zone 'America/New_York')) / 3600"
        " from monitoring.actuals where hour >= %s and hour < %s",
        (window.start, window.end),
    ).fetchone()
    return None if row is None or row[0] is None else float(row[0])

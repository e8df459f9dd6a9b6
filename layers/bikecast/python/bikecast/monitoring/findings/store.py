"""The monitor's rows in Postgres: written by upsert in one transaction, so a repeated run changes nothing."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bikecast.monitoring.watch import ColumnDrift
from bikecast.monitoring.windows import Window

if TYPE_CHECKING:
    import psycopg

KEY = ("use_case", "model_version", "window_start", "window_end")
JSON_COLUMNS = ("reasons", "scores", "thresholds", "metrics")
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
WINDOW_COLUMNS = (*KEY, *OTHER_COLUMNS, *JSON_COLUMNS)
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


def lock_window(connection: "psycopg.Connection", use_case: str, version: str, window: Window) -> None:
    """Make other runs of the same window wait until this transaction ends."""
    name = f"{use_case}|{version}|{window.start}|{window.end}".encode()
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
        f"insert into monitoring.windows ({columns}) values ({places})"  # noqa: S608 - own names
        f" on conflict ({', '.join(KEY)}) do update set {changes}"
    )
    connection.execute(statement.encode(), values)
    key = tuple(row[name] for name in KEY)
    connection.execute(
        "delete from monitoring.feature_drift"
        " where use_case = %s and model_version = %s and window_start = %s and window_end = %s",
        key,
    )
    if features:
        _write_features(connection, key, features)


def _change(column: str) -> str:
    if column == "report_key":  # a later run for numbers alone keeps the page of an earlier one
        return "report_key = coalesce(excluded.report_key, windows.report_key)"
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


def traffic(
    connection: "psycopg.Connection", use_case: str, version: str, window: Window, *, zone: str
) -> dict[str, Any]:
    """Return counts, latency and label delay of the predictions made for a window's rows.

    Aggregated by the database, so the traffic may be any.

    Args:
        connection: To the prediction log.
        use_case: Whose predictions.
        version: Of the model that latency is of.
        window: Of the rows' own time, or of the requests where rows have none.
        zone: In whose wall time the window is.
    """
    about = {"use_case": use_case, "version": version, "start": window.start, "end": window.end, "zone": zone}
    row = connection.execute(TRAFFIC.encode(), about).fetchone()
    assert row is not None  # an aggregate always has one row
    names = ("n_predictions", "latency_p50_ms", "latency_p95_ms", "fallback_share", "label_delay_hours")
    return {n: None if v is None else float(v) for n, v in zip(names, row, strict=True)}


TRAFFIC = """
with asked as (
    select model_version, source, latency_ms from monitoring.predictions
    where use_case = %(use_case)s
      and predicted_for >= %(start)s and predicted_for < %(end)s
)
select
    (select count(*) from asked where model_version = %(version)s),
    (select percentile_cont(0.5) within group (order by latency_ms)
     from asked where model_version = %(version)s),
    (select percentile_cont(0.95) within group (order by latency_ms)
     from asked where model_version = %(version)s),
    (select avg((source <> 'champion')::int) from asked),
    (select avg(extract(epoch from loaded_at - happened_at at time zone %(zone)s)) / 3600
     from monitoring.actuals
     where use_case = %(use_case)s and happened_at >= %(start)s and happened_at < %(end)s)
"""

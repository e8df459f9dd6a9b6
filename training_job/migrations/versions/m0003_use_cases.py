"""Rows keyed by use case: what was stored belongs to the first one, and its 27 columns become a view."""

from alembic import op

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None

# Names spelled out, not imported: a migration describes one past state, whatever the code says later.
FIRST = "citibike"
TWO_SIDED = (
    "r2_score",
    "rmse_score",
    "mae_score",
    "mean_error",
    "abs_error_max",
    "mean_abs_perc_error",
    "error_std",
    "abs_error_std",
    "abs_perc_error_std",
)
TAILS = ("underperformance", "underestimation", "overestimation")
METRICS = {
    "prediction_drift": "float8",
    "num_drifted_columns": "integer",
    "share_missing_values": "float8",
    **{f"{name}_{side}": "float8" for side in ("current", "reference") for name in TWO_SIDED},
    **{
        f"{name}_{part}_error{side}": "float8"
        for name in TAILS
        for part in ("mean", "std")
        for side in ("", "_reference")
    },
}
OTHERS = (
    "source, verdict, severity, reasons, scores, thresholds, n_rows, n_predictions, wape, bias,"
    " interval_coverage, missing_hours, duplicate_hours, out_of_range_values, new_categories,"
    " label_delay_hours, latency_p50_ms, latency_p95_ms, fallback_share, report_key, computed_at"
)
KEYED = ("predictions", "decisions", "citibike_metrics", "feature_drift", "live_error", "incidents")
WINDOW = "use_case, model_version, window_start, window_end"


def upgrade() -> None:
    """Add the key, move the metrics into one column, and keep the old names readable."""
    for table in (*KEYED, "automation_events"):
        op.execute(f"alter table monitoring.{table} add column use_case text not null default '{FIRST}'")
        op.execute(f"alter table monitoring.{table} alter column use_case drop default")
    _windows()
    _predictions_and_actuals()
    op.execute("alter table monitoring.live_error rename column n_hours to n_rows")
    op.execute("alter table monitoring.live_error alter column rmse drop not null")
    op.execute("alter table monitoring.live_error alter column mae drop not null")
    op.execute("alter table monitoring.live_error add column metrics jsonb not null default '{}'")
    op.execute("alter table monitoring.live_error drop constraint live_error_pkey")
    op.execute(f"alter table monitoring.live_error add primary key ({WINDOW})")
    op.execute("drop index monitoring.one_open_incident")
    op.execute(
        "create unique index one_open_incident on monitoring.incidents (use_case, model_version, kind)"
        " where status = 'open'"
    )


def _windows() -> None:
    op.execute("alter table monitoring.citibike_metrics rename to windows")
    op.execute("alter table monitoring.windows add column metrics jsonb not null default '{}'")
    pairs = ", ".join(f"'{name}', {name}" for name in METRICS)
    op.execute(f"update monitoring.windows set metrics = jsonb_build_object({pairs})")  # noqa: S608 - own names
    for name in METRICS:
        op.execute(f"alter table monitoring.windows drop column {name}")
    op.execute("alter table monitoring.feature_drift drop constraint feature_drift_pkey")
    op.execute(
        "alter table monitoring.feature_drift"
        " drop constraint feature_drift_model_version_window_start_window_end_fkey"
    )
    op.execute("alter table monitoring.windows drop constraint citibike_metrics_pkey")
    op.execute(f"alter table monitoring.windows add primary key ({WINDOW})")
    op.execute(f"alter table monitoring.feature_drift add primary key ({WINDOW}, feature)")
    op.execute(
        f"alter table monitoring.feature_drift add foreign key ({WINDOW})"
        " references monitoring.windows on delete cascade"
    )
    columns = ", ".join(f"(metrics ->> '{name}')::{kind} as {name}" for name, kind in METRICS.items())
    op.execute(
        "create view monitoring.citibike_metrics as"  # noqa: S608 - own names
        f" select model_version, window_start, window_end, {columns}, {OTHERS}"
        f" from monitoring.windows where use_case = '{FIRST}'"
    )


def _predictions_and_actuals() -> None:
    """Let truth meet a prediction by the key of its row, which is the hour where rows are hours."""
    op.execute("alter table monitoring.predictions add column key text, add column outcome jsonb")
    op.execute(
        "update monitoring.predictions set key = to_char(predicted_for, 'YYYY-MM-DD HH24:MI:SS')"
        " where predicted_for is not null"
    )
    op.execute("create index predictions_by_key on monitoring.predictions (use_case, key)")
    op.execute("drop index monitoring.predictions_by_hour")
    op.execute(
        "create index predictions_by_row_time on monitoring.predictions"
        " (use_case, predicted_for, model_version)"
    )
    op.execute("alter table monitoring.actuals rename to hourly_actuals")
    op.execute("""
        create table monitoring.actuals (
            use_case text not null,
            key text not null,
            happened_at timestamp,
            value float8 not null,
            data_hash text,
            loaded_at timestamptz not null default now(),
            primary key (use_case, key)
        )""")
    op.execute(
        "insert into monitoring.actuals (use_case, key, happened_at, value, data_hash, loaded_at)"  # noqa: S608 - own names
        f" select '{FIRST}', to_char(hour, 'YYYY-MM-DD HH24:MI:SS'), hour, trips, data_hash, loaded_at"
        " from monitoring.hourly_actuals"
    )
    op.execute("drop table monitoring.hourly_actuals")
    op.execute("create index actuals_by_time on monitoring.actuals (use_case, happened_at)")

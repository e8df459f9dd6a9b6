"""All tables of schema ``monitoring``: what was predicted, what came, what was decided, what drifted."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Names spelled out, not imported: a migration describes one past state, whatever the code says later.
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

PREDICTIONS = """
create table monitoring.predictions (
    id text primary key,
    request_id text,
    predicted_for timestamp,
    requested_at timestamptz not null,
    model_version text not null,
    source text not null,
    prediction float8 not null,
    low float8,
    high float8,
    inputs jsonb,
    latency_ms float8
)"""
ACTUALS = """
create table monitoring.actuals (
    hour timestamp primary key,
    trips integer not null check (trips >= 0),
    data_hash text,
    loaded_at timestamptz not null default now()
)"""
DECISIONS = """
create table monitoring.decisions (
    id text primary key,
    decided_at timestamptz not null,
    decision text not null,
    reason text not null,
    data_hash text,
    challenger_version text,
    champion_version text,
    record jsonb,
    record_uri text
)"""
CITIBIKE_METRICS = """
create table monitoring.citibike_metrics (
    model_version text not null,
    window_start timestamp not null,
    window_end timestamp not null,
    prediction_drift float8,
    num_drifted_columns integer,
    share_missing_values float8,
    {columns},
    source text not null,
    verdict text not null check (verdict in ('ok', 'watch', 'degraded', 'severe', 'no_data')),
    severity float8 not null default 0,
    reasons jsonb not null default '[]',
    scores jsonb not null default '{{}}',
    thresholds jsonb not null default '{{}}',
    n_rows integer not null default 0,
    n_predictions bigint,
    wape float8,
    bias float8,
    interval_coverage float8,
    missing_hours integer,
    duplicate_hours integer,
    out_of_range_values integer,
    new_categories integer,
    label_delay_hours float8,
    latency_p50_ms float8,
    latency_p95_ms float8,
    fallback_share float8,
    report_key text,
    computed_at timestamptz not null default now(),
    primary key (model_version, window_start, window_end),
    check (window_start < window_end)
)"""
FEATURE_DRIFT = """
create table monitoring.feature_drift (
    model_version text not null,
    window_start timestamp not null,
    window_end timestamp not null,
    feature text not null,
    kind text not null,
    method text not null,
    score float8,
    threshold float8,
    drifted boolean not null,
    current_mean float8,
    reference_mean float8,
    missing_share float8,
    primary key (model_version, window_start, window_end, feature),
    foreign key (model_version, window_start, window_end)
        references monitoring.citibike_metrics on delete cascade
)"""
LIVE_ERROR = """
create table monitoring.live_error (
    model_version text not null,
    window_start timestamp not null,
    window_end timestamp not null,
    n_hours integer not null,
    rmse float8 not null,
    mae float8 not null,
    wape float8,
    bias float8,
    interval_coverage float8,
    label_delay_hours float8,
    updated_at timestamptz not null default now(),
    primary key (model_version, window_start, window_end)
)"""
INCIDENTS = """
create table monitoring.incidents (
    id text primary key,
    model_version text not null,
    kind text not null,
    status text not null default 'open' check (status in ('open', 'closed')),
    severity float8 not null,
    reason text not null,
    window_start timestamp not null,
    window_end timestamp not null,
    opened_at timestamptz not null default now(),
    closed_at timestamptz,
    closed_reason text,
    evidence jsonb not null default '{}'
)"""
AUTOMATION_EVENTS = """
create table monitoring.automation_events (
    id text primary key,
    happened_at timestamptz not null default now(),
    action text not null,
    actor text not null,
    reason text not null,
    incident_id text references monitoring.incidents,
    detail jsonb not null default '{}'
)"""
INDEXES = (
    "create index predictions_by_hour on monitoring.predictions (predicted_for, model_version)",
    "create index predictions_by_request_time on monitoring.predictions (requested_at)",
    "create index decisions_by_time on monitoring.decisions (decided_at)",
    "create index metrics_by_window on monitoring.citibike_metrics (window_start)",
    "create unique index one_open_incident on monitoring.incidents (model_version, kind)"
    " where status = 'open'",
)


def upgrade() -> None:
    """Create the tables and their indexes."""
    for statement in (PREDICTIONS, ACTUALS, DECISIONS, CITIBIKE_METRICS.format(columns=_columns())):
        op.execute(statement)
    for statement in (FEATURE_DRIFT, LIVE_ERROR, INCIDENTS, AUTOMATION_EVENTS, *INDEXES):
        op.execute(statement)


def _columns() -> str:
    sided = [f"{name}_{side}" for side in ("current", "reference") for name in TWO_SIDED]
    tails = [
        f"{name}_{part}_error{side}"
        for name in TAILS
        for part in ("mean", "std")
        for side in ("", "_reference")
    ]
    return ",\n    ".join(f"{name} float8" for name in [*sided, *tails])

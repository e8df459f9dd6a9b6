"""The SQL behind every panel and alert; times of windows are New York wall time, shown as instants."""

# ruff: noqa: S608 - statements are put together from the constants of this file alone
ZONE = "America/New_York"
_START = f"window_start at time zone '{ZONE}'"
_IN_RANGE = f"$__timeFilter({_START}) and model_version in ($version)"

VERSIONS = "select distinct model_version from monitoring.citibike_metrics order by 1 desc"
VERDICT = (
    "select verdict, round(severity::numeric, 2) as severity, window_end::date::text as until"
    " from monitoring.citibike_metrics order by window_end desc, computed_at desc limit 1"
)
CHAMPION = (
    "select champion_version from monitoring.decisions"
    " where champion_version is not null order by decided_at desc limit 1"
)
OPEN_INCIDENTS = "select count(*) from monitoring.incidents where status = 'open'"
PREDICTIONS_TODAY = (
    "select count(*) from monitoring.predictions where requested_at > now() - interval '24 hours'"
)
WAPE = (
    f"select {_START} as time, model_version as metric, wape from monitoring.citibike_metrics"
    f" where {_IN_RANGE} and wape is not null order by 1"
)
WAPE_LIMIT = (
    f"select {_START} as time, model_version || ' limit' as metric,"
    " wape * (thresholds ->> 'error')::float8 / nullif((scores ->> 'error')::float8, 0) as limit"
    f" from monitoring.citibike_metrics where {_IN_RANGE} and wape is not null order by 1"
)
RMSE = (
    f'select {_START} as time, rmse_score_current as "this window", rmse_score_reference as "reference"'
    f" from monitoring.citibike_metrics where {_IN_RANGE} order by 1"
)
BIAS = (
    f"select {_START} as time, bias, interval_coverage - 0.9 as coverage_gap"
    f" from monitoring.citibike_metrics where {_IN_RANGE} order by 1"
)
DRIFT = (
    f"select {_START} as time, feature as metric, score / nullif(threshold, 0) as times_its_limit"
    f" from monitoring.feature_drift where {_IN_RANGE} order by 1"
)
DRIFTED = (
    f"select {_START} as time, num_drifted_columns, missing_hours, out_of_range_values"
    f" from monitoring.citibike_metrics where {_IN_RANGE} order by 1"
)
LIVE_ERROR = (
    f"select {_START} as time, model_version as metric, rmse from monitoring.live_error"
    f" where {_IN_RANGE} order by 1"
)
HOLDOUT_ERROR = (
    f"select {_START} as time, model_version || ' on its holdout' as metric,"
    " coalesce(record #>> '{challenger,scores,values,rmse}',"
    " record #>> '{challenger,scores,rmse}')::float8 as rmse from monitoring.live_error"
    " join lateral (select record from monitoring.decisions where challenger_version = model_version"
    f" order by decided_at desc limit 1) judged on true where {_IN_RANGE} order by 1"
)
LABEL_DELAY = (
    f"select {_START} as time, model_version as metric, label_delay_hours / 24 as days"
    f" from monitoring.live_error where {_IN_RANGE} order by 1"
)
TRAFFIC = (
    "select date_trunc('hour', requested_at) as time, source as metric, count(*) as predictions"
    " from monitoring.predictions where $__timeFilter(requested_at) group by 1, 2 order by 1"
)
LATENCY = (
    "select date_trunc('hour', requested_at) as time,"
    " percentile_cont(0.5) within group (order by latency_ms) as p50,"
    " percentile_cont(0.95) within group (order by latency_ms) as p95"
    " from monitoring.predictions where $__timeFilter(requested_at) group by 1 order by 1"
)
INCIDENTS = (
    "select opened_at, status, kind, model_version, round(severity::numeric, 1) as times_over, reason,"
    " closed_reason from monitoring.incidents order by opened_at desc limit 50"
)
DECISIONS = (
    "select decided_at, decision, challenger_version, champion_version, reason"
    " from monitoring.decisions order by decided_at desc limit 50"
)
PROMOTIONS = (
    "select decided_at as time, 'version ' || champion_version || ' serves' as text, 'promotion' as tags"
    " from monitoring.decisions where decision like 'promot%' and $__timeFilter(decided_at)"
)
INCIDENT_MARKS = (
    "select opened_at as time, coalesce(closed_at, now()) as timeend, reason as text, kind as tags"
    " from monitoring.incidents where $__timeFilter(opened_at)"
)
# Alerts: one number each, wrong when above zero.
ERROR_OVER_LIMIT = (
    "select count(*) as value from (select * from monitoring.citibike_metrics"
    " order by window_end desc, computed_at desc limit 1) last where verdict in ('degraded', 'severe')"
)
NO_WINDOW_LATELY = (
    "select (coalesce(max(computed_at), '-infinity') < now() - interval '8 days')::int as value"
    " from monitoring.citibike_metrics"
)
PAUSED_LONG = (
    "select count(*) as value from (select action, happened_at from monitoring.automation_events"
    " where action in ('paused', 'resumed') order by happened_at desc limit 1) last"
    " where action = 'paused' and happened_at < now() - interval '1 day'"
)

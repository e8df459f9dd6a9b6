"""The SQL behind every panel and alert; panels are of the chosen use case, alerts of all.

Times of windows are wall time, shown as instants: New York's of hourly demand, UTC of other use cases.
"""

from bikecast.names import DEFAULT_USE_CASE, TIME_ZONE

# ruff: noqa: S608 - statements are put together from the constants of this file alone
_CHOSEN = "use_case = '$use_case'"  # Grafana puts a single value in as it is
# Without parentheses, which a macro's argument may not have.
_START = (
    f"window_start at time zone case use_case when '{DEFAULT_USE_CASE}' then '{TIME_ZONE}' else 'UTC' end"
)
_IN_RANGE = f"{_CHOSEN} and $__timeFilter({_START}) and model_version in ($version)"
# Hourly demand keeps the names of its predecessor's columns.
_ERROR = r"^(r2|rmse|mae|mean_error|accuracy|f1|f1_weighted|f1_macro|log_loss)(_score)?_(current|reference)"

USE_CASES = "select distinct use_case from monitoring.decisions order by 1"
VERSIONS = f"select distinct model_version from monitoring.windows where {_CHOSEN} order by 1 desc"
VERDICT = (
    "select verdict, round(severity::numeric, 2) as severity, window_end::date::text as until"
    f" from monitoring.windows where {_CHOSEN} order by window_end desc, computed_at desc limit 1"
)
# What a decision put in the champion's place; `champion_version` is the one that served before.
_SERVES = "decision in ('promoted', 'rolled_back')"
CHAMPION = (
    "select challenger_version from monitoring.decisions"
    f" where {_CHOSEN} and {_SERVES} order by decided_at desc limit 1"
)
OPEN_INCIDENTS = f"select count(*) from monitoring.incidents where {_CHOSEN} and status = 'open'"
PREDICTIONS_TODAY = (
    f"select count(*) from monitoring.predictions where {_CHOSEN}"
    " and requested_at > now() - interval '24 hours'"
)
WAPE = (
    f"select {_START} as time, model_version as metric, wape from monitoring.windows"
    f" where {_IN_RANGE} and wape is not null order by 1"
)
WAPE_LIMIT = (
    f"select {_START} as time, model_version || ' limit' as metric,"
    " wape * (thresholds ->> 'error')::float8 / nullif((scores ->> 'error')::float8, 0) as limit"
    f" from monitoring.windows where {_IN_RANGE} and wape is not null order by 1"
)
ERRORS = (
    f"select {_START} as time, key as metric, value::float8 from monitoring.windows,"
    f" jsonb_each_text(metrics) where {_IN_RANGE} and key ~ '{_ERROR}' order by 1"
)
BIAS = (
    f"select {_START} as time, bias, interval_coverage - 0.9 as coverage_gap"
    f" from monitoring.windows where {_IN_RANGE} order by 1"
)
DRIFT = (
    f"select {_START} as time, feature as metric, score / nullif(threshold, 0) as times_its_limit"
    f" from monitoring.feature_drift where {_IN_RANGE} order by 1"
)
DRIFTED = (
    f"select {_START} as time, (metrics ->> 'num_drifted_columns')::float8 as drifted_columns,"
    " (metrics ->> 'share_missing_values')::float8 as share_missing_values, missing_hours,"
    f" out_of_range_values from monitoring.windows where {_IN_RANGE} order by 1"
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
    " and decisions.use_case = live_error.use_case"
    f" order by decided_at desc limit 1) judged on true where {_IN_RANGE} order by 1"
)
LABEL_DELAY = (
    f"select {_START} as time, model_version as metric, label_delay_hours / 24 as days"
    f" from monitoring.live_error where {_IN_RANGE} order by 1"
)
TRAFFIC = (
    "select date_trunc('hour', requested_at) as time, source as metric, count(*) as predictions"
    f" from monitoring.predictions where {_CHOSEN} and $__timeFilter(requested_at) group by 1, 2 order by 1"
)
LATENCY = (
    "select date_trunc('hour', requested_at) as time,"
    " percentile_cont(0.5) within group (order by latency_ms) as p50,"
    " percentile_cont(0.95) within group (order by latency_ms) as p95"
    f" from monitoring.predictions where {_CHOSEN} and $__timeFilter(requested_at) group by 1 order by 1"
)
INCIDENTS = (
    "select opened_at, status, kind, model_version, round(severity::numeric, 1) as times_over, reason,"
    f" closed_reason from monitoring.incidents where {_CHOSEN} order by opened_at desc limit 50"
)
DECISIONS = (
    "select decided_at, decision, challenger_version, champion_version, reason"
    f" from monitoring.decisions where {_CHOSEN} order by decided_at desc limit 50"
)
PROMOTIONS = (
    "select decided_at as time, 'version ' || challenger_version || ' serves' as text, 'promotion' as tags"
    f" from monitoring.decisions where {_CHOSEN} and {_SERVES} and $__timeFilter(decided_at)"
)
INCIDENT_MARKS = (
    "select opened_at as time, coalesce(closed_at, now()) as timeend, reason as text, kind as tags"
    f" from monitoring.incidents where {_CHOSEN} and $__timeFilter(opened_at)"
)
# Alerts: one number each, wrong when above zero.
ERROR_OVER_LIMIT = (
    "select count(*) as value from (select distinct on (use_case) verdict from monitoring.windows"
    " order by use_case, window_end desc, computed_at desc) last where verdict in ('degraded', 'severe')"
)
NO_WINDOW_LATELY = (
    "select count(*) as value from (select max(computed_at) as last from monitoring.decisions"
    " left join monitoring.windows using (use_case) group by use_case) watched"
    " where coalesce(last, '-infinity') < now() - interval '8 days'"
)
PAUSED_LONG = (
    "select count(*) as value from (select distinct on (use_case) action, happened_at"
    " from monitoring.automation_events where action in ('paused', 'resumed')"
    " order by use_case, happened_at desc) last"
    " where action = 'paused' and happened_at < now() - interval '1 day'"
)

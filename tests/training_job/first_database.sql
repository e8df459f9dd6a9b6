-- pg_dump of schema monitoring as revision 0001 made it, with rows in every table; see test_first_database.py.
CREATE SCHEMA monitoring;
CREATE TABLE monitoring.actuals (
    hour timestamp without time zone NOT NULL,
    trips integer NOT NULL,
    data_hash text,
    loaded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT actuals_trips_check CHECK ((trips >= 0))
);
CREATE TABLE monitoring.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE monitoring.automation_events (
    id text NOT NULL,
    happened_at timestamp with time zone DEFAULT now() NOT NULL,
    action text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    incident_id text,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL
);
CREATE TABLE monitoring.citibike_metrics (
    model_version text NOT NULL,
    window_start timestamp without time zone NOT NULL,
    window_end timestamp without time zone NOT NULL,
    prediction_drift double precision,
    num_drifted_columns integer,
    share_missing_values double precision,
    r2_score_current double precision,
    rmse_score_current double precision,
    mae_score_current double precision,
    mean_error_current double precision,
    abs_error_max_current double precision,
    mean_abs_perc_error_current double precision,
    error_std_current double precision,
    abs_error_std_current double precision,
    abs_perc_error_std_current double precision,
    r2_score_reference double precision,
    rmse_score_reference double precision,
    mae_score_reference double precision,
    mean_error_reference double precision,
    abs_error_max_reference double precision,
    mean_abs_perc_error_reference double precision,
    error_std_reference double precision,
    abs_error_std_reference double precision,
    abs_perc_error_std_reference double precision,
    underperformance_mean_error double precision,
    underperformance_mean_error_reference double precision,
    underperformance_std_error double precision,
    underperformance_std_error_reference double precision,
    underestimation_mean_error double precision,
    underestimation_mean_error_reference double precision,
    underestimation_std_error double precision,
    underestimation_std_error_reference double precision,
    overestimation_mean_error double precision,
    overestimation_mean_error_reference double precision,
    overestimation_std_error double precision,
    overestimation_std_error_reference double precision,
    source text NOT NULL,
    verdict text NOT NULL,
    severity double precision DEFAULT 0 NOT NULL,
    reasons jsonb DEFAULT '[]'::jsonb NOT NULL,
    scores jsonb DEFAULT '{}'::jsonb NOT NULL,
    thresholds jsonb DEFAULT '{}'::jsonb NOT NULL,
    n_rows integer DEFAULT 0 NOT NULL,
    n_predictions bigint,
    wape double precision,
    bias double precision,
    interval_coverage double precision,
    missing_hours integer,
    duplicate_hours integer,
    out_of_range_values integer,
    new_categories integer,
    label_delay_hours double precision,
    latency_p50_ms double precision,
    latency_p95_ms double precision,
    fallback_share double precision,
    report_key text,
    computed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT citibike_metrics_check CHECK ((window_start < window_end)),
    CONSTRAINT citibike_metrics_verdict_check CHECK ((verdict = ANY (ARRAY['ok'::text, 'watch'::text, 'degraded'::text, 'severe'::text, 'no_data'::text])))
);
CREATE TABLE monitoring.decisions (
    id text NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    decision text NOT NULL,
    reason text NOT NULL,
    data_hash text,
    challenger_version text,
    champion_version text,
    record jsonb,
    record_uri text
);
CREATE TABLE monitoring.feature_drift (
    model_version text NOT NULL,
    window_start timestamp without time zone NOT NULL,
    window_end timestamp without time zone NOT NULL,
    feature text NOT NULL,
    kind text NOT NULL,
    method text NOT NULL,
    score double precision,
    threshold double precision,
    drifted boolean NOT NULL,
    current_mean double precision,
    reference_mean double precision,
    missing_share double precision
);
CREATE TABLE monitoring.incidents (
    id text NOT NULL,
    model_version text NOT NULL,
    kind text NOT NULL,
    status text DEFAULT 'open'::text NOT NULL,
    severity double precision NOT NULL,
    reason text NOT NULL,
    window_start timestamp without time zone NOT NULL,
    window_end timestamp without time zone NOT NULL,
    opened_at timestamp with time zone DEFAULT now() NOT NULL,
    closed_at timestamp with time zone,
    closed_reason text,
    evidence jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT incidents_status_check CHECK ((status = ANY (ARRAY['open'::text, 'closed'::text])))
);
CREATE TABLE monitoring.live_error (
    model_version text NOT NULL,
    window_start timestamp without time zone NOT NULL,
    window_end timestamp without time zone NOT NULL,
    n_hours integer NOT NULL,
    rmse double precision NOT NULL,
    mae double precision NOT NULL,
    wape double precision,
    bias double precision,
    interval_coverage double precision,
    label_delay_hours double precision,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE monitoring.predictions (
    id text NOT NULL,
    request_id text,
    predicted_for timestamp without time zone,
    requested_at timestamp with time zone NOT NULL,
    model_version text NOT NULL,
    source text NOT NULL,
    prediction double precision NOT NULL,
    low double precision,
    high double precision,
    inputs jsonb,
    latency_ms double precision
);
INSERT INTO monitoring.actuals (hour, trips, data_hash, loaded_at) VALUES ('2024-11-03 01:00:00', 201, 'abc', '2024-12-02 08:00:00+00');
INSERT INTO monitoring.actuals (hour, trips, data_hash, loaded_at) VALUES ('2024-11-03 02:00:00', 0, NULL, '2024-12-02 08:00:00+00');
INSERT INTO monitoring.alembic_version (version_num) VALUES ('0001');
INSERT INTO monitoring.automation_events (id, happened_at, action, actor, reason, incident_id, detail) VALUES ('e1', '2024-11-12 06:01:00+00', 'paused', 'monitor', 'severe drift', 'i1', '{}');
INSERT INTO monitoring.citibike_metrics (model_version, window_start, window_end, prediction_drift, num_drifted_columns, share_missing_values, r2_score_current, rmse_score_current, mae_score_current, mean_error_current, abs_error_max_current, mean_abs_perc_error_current, error_std_current, abs_error_std_current, abs_perc_error_std_current, r2_score_reference, rmse_score_reference, mae_score_reference, mean_error_reference, abs_error_max_reference, mean_abs_perc_error_reference, error_std_reference, abs_error_std_reference, abs_perc_error_std_reference, underperformance_mean_error, underperformance_mean_error_reference, underperformance_std_error, underperformance_std_error_reference, underestimation_mean_error, underestimation_mean_error_reference, underestimation_std_error, underestimation_std_error_reference, overestimation_mean_error, overestimation_mean_error_reference, overestimation_std_error, overestimation_std_error_reference, source, verdict, severity, reasons, scores, thresholds, n_rows, n_predictions, wape, bias, interval_coverage, missing_hours, duplicate_hours, out_of_range_values, new_categories, label_delay_hours, latency_p50_ms, latency_p95_ms, fallback_share, report_key, computed_at) VALUES ('3', '2024-11-04 00:00:00', '2024-11-11 00:00:00', 0.25, 2, 2.25, 3.25, 4.25, 5.25, 6.25, 7.25, 8.25, 9.25, 10.25, 11.25, 12.25, 13.25, 14.25, 15.25, 16.25, 17.25, 18.25, 19.25, 20.25, 21.25, 22.25, 23.25, 24.25, 25.25, 26.25, 27.25, 28.25, 29.25, 30.25, 31.25, 32.25, 'processed', 'watch', 1.2, '["demand"]', '{}', '{}', 168, 24, 0.21, NULL, NULL, 3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'drift/3/x.html', '2024-11-12 06:00:00+00');
INSERT INTO monitoring.citibike_metrics (model_version, window_start, window_end, prediction_drift, num_drifted_columns, share_missing_values, r2_score_current, rmse_score_current, mae_score_current, mean_error_current, abs_error_max_current, mean_abs_perc_error_current, error_std_current, abs_error_std_current, abs_perc_error_std_current, r2_score_reference, rmse_score_reference, mae_score_reference, mean_error_reference, abs_error_max_reference, mean_abs_perc_error_reference, error_std_reference, abs_error_std_reference, abs_perc_error_std_reference, underperformance_mean_error, underperformance_mean_error_reference, underperformance_std_error, underperformance_std_error_reference, underestimation_mean_error, underestimation_mean_error_reference, underestimation_std_error, underestimation_std_error_reference, overestimation_mean_error, overestimation_mean_error_reference, overestimation_std_error, overestimation_std_error_reference, source, verdict, severity, reasons, scores, thresholds, n_rows, n_predictions, wape, bias, interval_coverage, missing_hours, duplicate_hours, out_of_range_values, new_categories, label_delay_hours, latency_p50_ms, latency_p95_ms, fallback_share, report_key, computed_at) VALUES ('3', '2024-11-11 00:00:00', '2024-11-18 00:00:00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'processed', 'no_data', 0, '[]', '{}', '{}', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-25 14:09:59.383481+00');
INSERT INTO monitoring.decisions (id, decided_at, decision, reason, data_hash, challenger_version, champion_version, record, record_uri) VALUES ('retrain-1', '2024-11-01 09:00:00+00', 'promote', 'RMSE is 12 % lower', 'abc', '3', '2', '{"version": "3"}', 's3://reports/decisions/retrain-1.json');
INSERT INTO monitoring.feature_drift (model_version, window_start, window_end, feature, kind, method, score, threshold, drifted, current_mean, reference_mean, missing_share) VALUES ('3', '2024-11-04 00:00:00', '2024-11-11 00:00:00', 'TMAX', 'num', 'wasserstein', 0.31, 0.2, true, 61, 58, 0);
INSERT INTO monitoring.incidents (id, model_version, kind, status, severity, reason, window_start, window_end, opened_at, closed_at, closed_reason, evidence) VALUES ('i1', '3', 'drift', 'open', 1.2, 'demand has changed', '2024-11-04 00:00:00', '2024-11-11 00:00:00', '2024-11-12 06:00:00+00', NULL, NULL, '{"windows": 1}');
INSERT INTO monitoring.live_error (model_version, window_start, window_end, n_hours, rmse, mae, wape, bias, interval_coverage, label_delay_hours, updated_at) VALUES ('3', '2024-11-04 00:00:00', '2024-11-11 00:00:00', 24, 31.5, 22.1, 0.2, -3, 0.88, 11.5, '2024-11-12 06:00:00+00');
INSERT INTO monitoring.predictions (id, request_id, predicted_for, requested_at, model_version, source, prediction, low, high, inputs, latency_ms) VALUES ('p1', 'r1', '2024-11-03 01:00:00', '2024-11-02 20:00:00+00', '3', 'champion', 184.5, 118.2, 247.9, '{"SNOW": 0, "TMAX": 61, "TMIN": 44}', 12.5);
INSERT INTO monitoring.predictions (id, request_id, predicted_for, requested_at, model_version, source, prediction, low, high, inputs, latency_ms) VALUES ('p2', 'r2', NULL, '2024-11-02 20:01:00+00', '3', 'seasonal_naive', 90, NULL, NULL, NULL, NULL);
ALTER TABLE ONLY monitoring.actuals
    ADD CONSTRAINT actuals_pkey PRIMARY KEY (hour);
ALTER TABLE ONLY monitoring.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY monitoring.automation_events
    ADD CONSTRAINT automation_events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY monitoring.citibike_metrics
    ADD CONSTRAINT citibike_metrics_pkey PRIMARY KEY (model_version, window_start, window_end);
ALTER TABLE ONLY monitoring.decisions
    ADD CONSTRAINT decisions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY monitoring.feature_drift
    ADD CONSTRAINT feature_drift_pkey PRIMARY KEY (model_version, window_start, window_end, feature);
ALTER TABLE ONLY monitoring.incidents
    ADD CONSTRAINT incidents_pkey PRIMARY KEY (id);
ALTER TABLE ONLY monitoring.live_error
    ADD CONSTRAINT live_error_pkey PRIMARY KEY (model_version, window_start, window_end);
ALTER TABLE ONLY monitoring.predictions
    ADD CONSTRAINT predictions_pkey PRIMARY KEY (id);
CREATE INDEX decisions_by_time ON monitoring.decisions USING btree (decided_at);
CREATE INDEX metrics_by_window ON monitoring.citibike_metrics USING btree (window_start);
CREATE UNIQUE INDEX one_open_incident ON monitoring.incidents USING btree (model_version, kind) WHERE (status = 'open'::text);
CREATE INDEX predictions_by_hour ON monitoring.predictions USING btree (predicted_for, model_version);
CREATE INDEX predictions_by_request_time ON monitoring.predictions USING btree (requested_at);
ALTER TABLE ONLY monitoring.automation_events
    ADD CONSTRAINT automation_events_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES monitoring.incidents(id);
ALTER TABLE ONLY monitoring.feature_drift
    ADD CONSTRAINT feature_drift_model_version_window_start_window_end_fkey FOREIGN KEY (model_version, window_start, window_end) REFERENCES monitoring.citibike_metrics(model_version, window_start, window_end) ON DELETE CASCADE;

"""Grafana's files: as the code writes them, and every query runs on a real Postgres."""

import datetime as dt
import json
import re
from typing import Any

import psycopg
import pytest

from bikecast.database import DatabaseSettings, connect
from dashboards import build, queries
from dashboards.alerts import alert_rules
from dashboards.environments import UIDS
from tests.postgres import Server
from training_job.migrations import migrate
from use_cases.citibike.monitoring.measures.columns import METRIC_COLUMNS

START = dt.datetime(2024, 1, 1)
WEEKS = 52


@pytest.fixture(scope="module")
def year(postgres: Server) -> DatabaseSettings:
    """A database with a year of windows."""
    settings = postgres.create_database()
    migrate(settings)
    with connect(settings, application="test") as connection:
        for week in range(WEEKS):
            _fill(connection, START + dt.timedelta(days=7 * week))
        connection.execute(
            "insert into decisions"
            " (use_case, id, decided_at, decision, reason, challenger_version, champion_version, record)"
            " values ('citibike', 'a', '2024-02-01', 'promoted', 'the first', '1', null,"
            """ '{"challenger": {"scores": {"rmse": 280}}}'),"""
            " ('citibike', 'd', '2024-03-01', 'rejected', 'worse', '2', '1', '{}')"
        )
        connection.execute(
            "insert into incidents"
            " (use_case, id, model_version, kind, severity, reason, window_start, window_end, opened_at)"
            " values ('citibike', 'b', '1', 'drift', 1.2, 'snow', '2024-01-08', '2024-01-15',"
            " '2024-01-15')"
        )
        connection.execute(
            "insert into automation_events (use_case, id, happened_at, action, actor, reason)"
            " values ('citibike', 'c', '2024-01-15', 'paused', 'monitor', 'errors')"
        )
    return settings


def _fill(connection: psycopg.Connection, start: dt.datetime) -> None:
    end = start + dt.timedelta(days=7)
    metrics = json.dumps(dict.fromkeys(METRIC_COLUMNS, 1))
    scores, limits = json.dumps({"error": 1.1}), json.dumps({"error": 1.5})
    connection.execute(
        "insert into windows (use_case, model_version, window_start, window_end, source, verdict,"
        " wape, bias, interval_coverage, missing_hours, out_of_range_values, scores, thresholds, metrics)"
        " values ('citibike', '1', %s, %s, 'processed', 'degraded', 0.1, 0, 0.9, 0, 0, %s, %s, %s)",
        (start, end, scores, limits, metrics),
    )
    connection.execute(
        "insert into feature_drift"
        " (use_case, model_version, window_start, window_end, feature, kind,"
        " method, score, threshold, drifted)"
        " values ('citibike', '1', %s, %s, 'TMAX', 'feature', 'wasserstein', 0.5, 1, false)",
        (start, end),
    )
    connection.execute(
        "insert into live_error"
        " (use_case, model_version, window_start, window_end, n_rows, rmse, mae, label_delay_hours)"
        " values ('citibike', '1', %s, %s, 168, 300, 200, 700)",
        (start, end),
    )
    connection.execute(
        "insert into predictions (use_case, id, requested_at, model_version, source, prediction, latency_ms)"
        " values ('citibike', gen_random_uuid()::text, %s, '1', 'champion', 5, 12)",
        (start,),
    )


def _targets() -> list[tuple[str, dict[str, Any]]]:
    board = build.dashboard()
    named = [(panel["title"], target) for panel in board["panels"] for target in panel["targets"]]
    named += [(mark["name"], mark["target"]) for mark in board["annotations"]["list"]]
    assert all("$use_case" in target["rawSql"] for _, target in named if "rawSql" in target)
    rules = alert_rules()["groups"][0]["rules"]
    return named + [(rule["title"], rule["data"][0]["model"]) for rule in rules]


DRAWN = {"errors": queries.ERRORS, "drifted": queries.DRIFTED}
QUERIES = [(title, target) for title, target in _targets() if "rawSql" in target]


def _expanded(statement: str) -> bytes:
    """Expand Grafana's macros as its Postgres data source does."""
    within = r"\1 BETWEEN '2023-12-01T00:00:00Z' AND '2025-01-31T00:00:00Z'"
    expanded = re.sub(r"\$__timeFilter\(([^()]+)\)", within, statement)
    expanded = expanded.replace("$version", "'1','2'").replace("$use_case", "citibike")
    assert "$" not in expanded, expanded
    return expanded.encode()


@pytest.mark.parametrize(("title", "target"), QUERIES, ids=[f"{t} {q['refId']}" for t, q in QUERIES])
def test_every_query_runs_and_has_the_shape_that_its_panel_needs(
    title: str, target: dict[str, Any], year: DatabaseSettings
) -> None:
    with connect(year, application="test") as connection:
        cursor = connection.execute(_expanded(target["rawSql"]))
        names = [column.name for column in cursor.description or ()]
        rows = cursor.fetchall()
    assert rows
    if target["format"] == "time_series":
        assert names[0] == "time"
        assert isinstance(rows[0][0], dt.datetime)
        assert rows == sorted(rows, key=lambda row: row[0])
        numbers = [
            row[index] for row in rows for index, name in enumerate(names) if name not in ("time", "metric")
        ]
        assert any(number is not None for number in numbers)


def test_the_champion_is_the_version_that_was_put_there_last(year: DatabaseSettings) -> None:
    with connect(year, application="test") as connection:
        assert connection.execute(_expanded(queries.CHAMPION)).fetchall() == [("1",)]
        marks = connection.execute(_expanded(queries.PROMOTIONS)).fetchall()
    assert [mark[1] for mark in marks] == ["version 1 serves"]


def test_metrics_of_a_declared_use_case_are_drawn_and_no_others(
    year: DatabaseSettings,
) -> None:
    found = {"rmse_current": 13.6, "mae_current": 5.6, "mae_reference": 5.5, "share_missing_values": 0.1}
    insert = (
        "insert into windows (use_case, model_version, window_start, window_end, source, verdict, metrics)"
        " values ('ride_duration', '1', '2024-01-05', '2024-01-06', 'predictions', 'ok', %s)"
    )
    expanded = {name: _expanded(text.replace("$use_case", "ride_duration")) for name, text in DRAWN.items()}
    with connect(year, application="test") as connection:
        connection.execute(insert, (json.dumps(found | {"num_drifted_columns": 2}),))
        errors = connection.execute(expanded["errors"]).fetchall()
        [drifted] = connection.execute(expanded["drifted"]).fetchall()
    assert {row[1]: row[2] for row in errors} == {k: v for k, v in found.items() if k.startswith(("r", "m"))}
    assert drifted[1:3] == (2, 0.1)


@pytest.mark.parametrize("name", build.files())
def test_the_files_are_what_the_code_writes(name: str) -> None:
    assert (build.HERE / name).read_text() == build.files()[name], "run `python -m dashboards.build`"


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    panels = build.dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < build.COLUMNS


def test_every_panel_reads_from_a_provisioned_data_source() -> None:
    provisioned = (build.HERE / "provisioning/datasources/bikecast.yaml").read_text()
    sources = {
        target["datasource"]["uid"] for panel in build.dashboard()["panels"] for target in panel["targets"]
    }
    assert sources == {"bikecast-postgres", "bikecast-cloudwatch"}
    assert all(f"uid: {uid}" in provisioned for uid in sources)


def test_alerts_ring_on_the_filled_year_and_say_so_in_one_number(year: DatabaseSettings) -> None:
    with connect(year, application="test") as connection:
        for rule in alert_rules()["groups"][0]["rules"]:
            (row,) = connection.execute(_expanded(rule["data"][0]["model"]["rawSql"])).fetchall()
            assert len(row) == 1
            assert row[0] in (0, 1)


def _uids(content: object) -> set[str]:
    if isinstance(content, list):
        return set().union(*map(_uids, content))
    if not isinstance(content, dict):
        return set()
    own = {value for key, value in content.items() if key in UIDS and isinstance(value, str)}
    return own.union(*map(_uids, content.values()))


def test_files_of_another_environment_share_no_uid_title_or_metric_with_the_default_ones() -> None:
    staging, sources = build.files("staging"), build.provisioning("staging")
    shared = [_uids(json.loads(texts[name])) for name in build.files() for texts in (build.files(), staging)]
    assert (shared[0] & shared[1]) == set()
    assert (shared[2] & shared[3]) == {"__expr__"}, "Grafana's own"
    board = json.loads(staging["model_health.json"])
    assert board["title"] == "bikecast staging: model health"
    assert {t["namespace"] for p in board["panels"] for t in p["targets"] if "namespace" in t} == {
        "bikecast/staging"
    }
    (group,) = json.loads(staging["provisioning/alerting/rules.json"])["groups"]
    assert (group["name"], group["folder"]) == ("bikecast staging", "bikecast staging")
    text = sources["provisioning/datasources/bikecast.yaml"]
    wanted = {uid for uid in shared[1] if uid.endswith(("postgres", "cloudwatch"))}
    assert all(f"uid: {uid}\n" in text for uid in wanted)
    assert "${BIKECAST_STAGING_DATABASE_PASSWORD}" in text
    assert "/bikecast-staging\n" in sources["provisioning/dashboards/bikecast.yaml"]

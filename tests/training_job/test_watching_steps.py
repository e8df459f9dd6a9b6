"""Steps by which people and loads tell the monitor something."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from bikecast.database import DatabaseSettings, connect
from bikecast.errors import InputError
from bikecast.names import AUTOMATION_KEY, DASHBOARD_SUMMARY_KEY
from bikecast.registry.automation import pause, read_switch
from bikecast.storage import FolderStore
from tests.champions import publish_champion
from training_job.migrations import migrate
from training_job.runtime.context import Context
from training_job.steps import close_incident, judge_windows, refresh_dashboard, resume_automation
from use_cases.citibike.simulator.simulation import simulate_tables
from use_cases.citibike.steps import record_actuals
from use_cases.citibike.tables.hourly import write_hourly

NOW = dt.datetime(2025, 4, 1, tzinfo=dt.UTC)


@pytest.fixture
def context(tmp_path: Path, database: DatabaseSettings) -> Context:
    data, artifacts, serving, reports = (
        FolderStore(tmp_path / name) for name in ("data", "artifacts", "serving", "reports")
    )
    return Context(data, artifacts, serving, reports, database, "test", clock=lambda: NOW)


def _summary(context: Context) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(context.reports.read(DASHBOARD_SUMMARY_KEY).body)
    return found


def test_arrived_demand_is_recorded_and_recorded_once(context: Context) -> None:
    hourly, _ = simulate_tables(dt.date(2025, 3, 1), dt.date(2025, 3, 31))
    write_hourly(context.data, hourly)
    first = record_actuals.run(context, {"months": None})
    again = record_actuals.run(context, {"months": None})
    assert (first["changed_hours"], again["changed_hours"]) == (len(hourly), 0)
    assert first["until"] == "2025-03-31"


def test_a_person_resumes_what_the_monitor_paused(context: Context) -> None:
    migrate(context.database)
    with connect(context.database, application="test") as connection:
        pause(
            context.serving,
            connection,
            use_case="citibike",
            reason="errors doubled",
            actor="monitor",
            now=NOW,
        )
    told = resume_automation.run(context, {"reason": "a parade", "actor": "ana"})
    assert told["resumed"]
    assert told["events"][0]["detail_type"] == "AutomationResumed"
    assert not read_switch(context.serving).paused
    assert resume_automation.run(context, {"reason": "again"}) == {"resumed": False, "events": []}


def _open_incident(context: Context, *, version: str) -> str:
    migrate(context.database)
    statement = (
        "insert into monitoring.incidents"
        " (id, use_case, model_version, kind, severity, reason, window_start, window_end, opened_at,"
        " evidence)"
        " values (%(id)s, 'citibike', %(version)s, 'drift', 1.5, 'wind', %(day)s, %(day)s, %(now)s, '{}')"
    )
    values = {"id": f"of-{version}", "version": version, "day": NOW.replace(tzinfo=None), "now": NOW}
    with connect(context.database, application="test") as connection:
        connection.execute(statement.encode(), values)
    return f"of-{version}"


def test_a_person_closes_an_incident_once_with_a_reason(context: Context) -> None:
    incident = _open_incident(context, version="1")
    request = {"incident": incident, "reason": "the sensor was replaced", "actor": "ana"}
    assert close_incident.run(context, request)["closed"] == incident
    [shown] = _summary(context)["incidents"]
    assert (shown["status"], shown["closed_reason"]) == ("closed", "closed by ana: the sensor was replaced")
    with pytest.raises(InputError, match="of-1 was closed at 2025-04-01 00:00: closed by ana"):
        close_incident.run(context, request)
    with pytest.raises(InputError, match="none with the id 'of-2'"):
        close_incident.run(context, request | {"incident": "of-2"})


def test_after_a_promotion_the_incidents_of_the_replaced_champion_are_closed(context: Context) -> None:
    _open_incident(context, version="0")
    publish_champion(context.serving, *simulate_tables(dt.date(2024, 1, 1), dt.date(2024, 6, 30), scale=0.3))
    refresh_dashboard.run(context, {})
    [shown] = _summary(context)["incidents"]
    assert (shown["status"], shown["closed_reason"]) == ("closed", "version 1 serves now")


def test_a_switch_that_cannot_be_read_is_repaired_by_resuming(context: Context) -> None:
    context.serving.write(AUTOMATION_KEY, b"{")
    assert resume_automation.run(context, {"reason": "it was damaged"})["resumed"]
    assert not read_switch(context.serving).paused


def test_resuming_needs_a_reason(context: Context) -> None:
    with pytest.raises(InputError, match="reason"):
        resume_automation.run(context, {"reason": "  "})


def test_the_dashboard_of_an_empty_deployment_says_so(context: Context) -> None:
    refresh_dashboard.run(context, {})
    summary = _summary(context)
    assert (summary["champion"], summary["windows"], summary["incidents"]) == (None, [], [])


@pytest.mark.parametrize(
    ("secrets", "arn"), [({"bikecast_monitor": "arn:monitor"}, "arn:monitor"), ({}, None)]
)
def test_windows_are_judged_under_the_monitors_role(
    secrets: dict[str, str], arn: str | None, database: DatabaseSettings
) -> None:
    owner = database.model_copy(update={"secret_arn": "arn:owner", "role_secrets": secrets})
    login = judge_windows.monitor_login(owner)
    assert (login.user, login.password, login.secret_arn) == ("bikecast_monitor", None, arn)
    assert (login.host, login.port, login.name) == (owner.host, owner.port, owner.name)

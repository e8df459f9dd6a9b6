"""Steps by which people and loads tell the monitor something."""

import datetime as dt
import json
from pathlib import Path

import pytest

from bikecast.database import DatabaseSettings, connect
from bikecast.errors import InputError
from bikecast.monitoring.automation import pause, read_switch
from bikecast.names import DASHBOARD_SUMMARY_KEY
from bikecast.simulator.simulation import simulate_tables
from bikecast.storage import FolderStore
from bikecast.tables import write_hourly
from training_job.context import Context
from training_job.migrations import migrate
from training_job.steps import record_actuals, refresh_dashboard, resume_automation

NOW = dt.datetime(2025, 4, 1, tzinfo=dt.UTC)


@pytest.fixture
def context(tmp_path: Path, database: DatabaseSettings) -> Context:
    data, artifacts, serving, reports = (
        FolderStore(tmp_path / name) for name in ("data", "artifacts", "serving", "reports")
    )
    return Context(data, artifacts, serving, reports, database, "test", clock=lambda: NOW)


def _summary(context: Context) -> dict[str, object]:
    found: dict[str, object] = json.loads(context.reports.read(DASHBOARD_SUMMARY_KEY).body)
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
        pause(context.serving, connection, reason="errors doubled", actor="monitor", now=NOW)
    told = resume_automation.run(context, {"reason": "a parade", "actor": "ana"})
    assert told["resumed"]
    assert told["events"][0]["detail_type"] == "AutomationResumed"
    assert not read_switch(context.serving).paused
    assert resume_automation.run(context, {"reason": "again"}) == {"resumed": False, "events": []}


def test_resuming_needs_a_reason(context: Context) -> None:
    with pytest.raises(InputError, match="reason"):
        resume_automation.run(context, {"reason": "  "})


def test_the_dashboard_of_an_empty_deployment_says_so(context: Context) -> None:
    refresh_dashboard.run(context, {})
    summary = _summary(context)
    assert (summary["champion"], summary["windows"], summary["incidents"]) == (None, [], [])

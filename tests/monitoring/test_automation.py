"""The loop closes: a shift opens an incident, asks for a retraining, pauses if it is severe, and ends."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from bikecast.errors import InputError
from bikecast.monitoring.requests import MonitorRequest
from bikecast.monitoring.run import Ports, monitor
from bikecast.monitoring.windows import Source
from bikecast.names import AUTOMATION_KEY, CHAMPION_KEY
from bikecast.registry.automation import AutomationSwitch, pause, read_switch, resume
from bikecast.registry.manifest import ChampionManifest
from use_cases.citibike.keys import citibike_key
from use_cases.citibike.monitoring.watch import WATCH

Rows = Callable[..., list[tuple[object, ...]]]
LATER = dt.datetime(2025, 4, 2, tzinfo=dt.UTC)


def _week(start: str) -> MonitorRequest:
    first = dt.datetime.fromisoformat(start)
    end = first + dt.timedelta(days=7)
    return MonitorRequest(window_start=first, window_end=end, source=Source.PROCESSED, html=False)


def _shift(ports: Ports, factor: float, start: str = "2025-03-10", end: str = "2025-04-01") -> None:
    path = ports.data.root / citibike_key(2025)  # type: ignore[attr-defined]  # the test's store is a folder
    hourly = pd.read_parquet(path)
    shifted = (hourly["date"] >= start) & (hourly["date"] < end)
    hourly.loc[shifted, "trips"] = (hourly.loc[shifted, "trips"] * factor).astype("int64")
    hourly.to_parquet(path)


@pytest.fixture
def shifted(ports: Ports) -> Ports:
    """The city whose demand fell to two fifths on 10 March, past what the level may follow."""
    _shift(ports, 0.4)
    return ports


def test_a_shift_opens_an_incident_in_its_second_week_and_asks_for_a_retraining(
    shifted: Ports, rows: Rows
) -> None:
    (second,) = monitor(_week("2025-03-17"), shifted, WATCH)
    assert second["verdict"] in ("degraded", "severe")
    kinds = [event["detail"]["kind"] for event in second["events"] if "kind" in event["detail"]]
    assert "performance" in kinds
    stored = rows("select kind, status from incidents where kind = 'performance'")
    assert stored == [("performance", "open")]


def test_a_repeated_run_opens_nothing_twice(shifted: Ports, rows: Rows) -> None:
    (first,) = monitor(_week("2025-03-17"), shifted, WATCH)
    (again,) = monitor(_week("2025-03-17"), shifted, WATCH)
    assert first["events"]
    assert (again["events"], again["retrain"]) == ([], None)
    assert rows("select count(*) from incidents where kind = 'performance'") == [(1,)]


def test_a_severe_shift_pauses_promotion_until_a_person_resumes_it(shifted: Ports, rows: Rows) -> None:
    (verdict,) = monitor(_week("2025-03-17"), shifted, WATCH)
    assert (verdict["verdict"], verdict["action"], verdict["retrain"]) == ("severe", "pause", None)
    assert "AutomationPaused" in [event["detail_type"] for event in verdict["events"]]
    switch = read_switch(shifted.serving)
    assert switch.paused
    assert switch.incident_id == rows("select id from incidents where kind = 'performance'")[0][0]
    with shifted.connect() as connection:
        assert resume(
            shifted.serving, connection, use_case="citibike", reason="a strike", actor="ana", now=LATER
        )
    assert not read_switch(shifted.serving).paused
    assert rows("select closed_reason from incidents where kind = 'performance'") == [
        ("resumed by ana: a strike",)
    ]
    assert rows("select action, actor from automation_events order by happened_at") == [
        ("paused", "monitor"),
        ("resumed", "ana"),
    ]


def test_a_degraded_model_asks_for_one_retraining_in_a_week(ports: Ports, rows: Rows) -> None:
    _shift(ports, 0.75)
    weeks = [next(monitor(_week(start), ports, WATCH)) for start in ("2025-03-17", "2025-03-24")]
    assert [(week["verdict"], week["action"], week["retrain"]) for week in weeks] == [
        ("degraded", "retrain", {"use_case": "citibike"}),
        ("degraded", "retrain", None),
    ]
    assert [week["alarms"] for week in weeks] == [1, 1]
    assert rows("select count(*) from automation_events where action = 'retraining_asked'") == [(1,)]


def test_an_incident_tells_its_own_reasons_and_where_its_report_is(ports: Ports) -> None:
    _shift(ports, 0.75)
    week = _week("2025-03-17").model_copy(update={"html": True, "retrain_trials": 4})
    (verdict,) = monitor(week, ports, WATCH)
    [told] = [event["detail"] for event in verdict["events"] if event["detail"]["kind"] == "performance"]
    assert told["report"] == ports.reports.uri(verdict["report_key"])
    assert told["reason"].endswith(f"; report: {told['report']}")
    assert "demand has been" in told["reason"]
    assert "season" not in told["reason"]
    assert verdict["retrain"] == {"use_case": "citibike", "n_trials": 4}


def test_a_look_at_older_history_acts_on_nothing(shifted: Ports, rows: Rows) -> None:
    _shift(shifted, 0.4, "2025-01-06", "2025-02-03")
    (verdict,) = monitor(_week("2025-01-20"), shifted, WATCH)
    assert verdict["verdict"] in ("degraded", "severe")
    assert (verdict["events"], verdict["retrain"], verdict["alarms"]) == ([], None, None)
    assert rows("select count(*) from incidents") == [(0,)]


def test_a_new_champion_closes_the_incidents_of_the_old_one(shifted: Ports, rows: Rows) -> None:
    list(monitor(_week("2025-03-17"), shifted, WATCH))
    manifest = ChampionManifest.model_validate_json(shifted.serving.read(CHAMPION_KEY).body)
    successor = manifest.model_copy(update={"version": "2"})
    shifted.serving.write(CHAMPION_KEY, successor.model_dump_json().encode())
    list(monitor(_week("2025-03-24"), shifted, WATCH))
    closed = rows("select distinct closed_reason from incidents where model_version = '1'")
    assert closed == [("version 2 serves now",)]


def test_pausing_twice_is_pausing_once(ports: Ports, rows: Rows) -> None:
    with ports.connect() as connection:
        times = [
            pause(ports.serving, connection, use_case="citibike", reason="x", actor="ana", now=LATER)
            for _ in range(2)
        ]
    assert times == [True, False]
    assert rows("select count(*) from automation_events") == [(1,)]


def test_a_pause_takes_up_inputs_that_are_distrusted_later_and_resuming_trusts_again(ports: Ports) -> None:
    def paused(*distrusted: str) -> bool:
        with ports.connect() as connection:
            about: dict[str, Any] = {"use_case": "citibike", "reason": "x", "actor": "ana", "now": LATER}
            return pause(ports.serving, connection, distrusted=distrusted, **about)

    assert [paused(), paused("TMIN"), paused("TMIN"), paused("TMAX")] == [True, True, False, True]
    assert read_switch(ports.serving).distrusted == ("TMAX", "TMIN")
    with ports.connect() as connection:
        resume(ports.serving, connection, use_case="citibike", reason="mended", actor="ana", now=LATER)
    assert read_switch(ports.serving) == AutomationSwitch(reason="mended", since=LATER, actor="ana")


def test_resuming_needs_a_reason(ports: Ports) -> None:
    with ports.connect() as connection, pytest.raises(InputError, match="reason"):
        resume(ports.serving, connection, use_case="citibike", reason=" ", actor="ana", now=LATER)


def test_a_switch_that_cannot_be_read_stops_the_run(ports: Ports) -> None:
    ports.serving.write(AUTOMATION_KEY, b"{")
    with pytest.raises(Exception, match="not an automation switch"):
        list(monitor(_week("2025-03-24"), ports, WATCH))


def test_the_switch_says_what_serving_shows() -> None:
    switch = AutomationSwitch(paused=True, reason="errors doubled", since=LATER)
    assert AutomationSwitch.model_validate_json(switch.model_dump_json()) == switch


def test_acting_can_be_forbidden(shifted: Ports, rows: Rows) -> None:
    forbidden = _week("2025-03-17").model_copy(update={"act": False})
    (verdict,) = monitor(forbidden, replace(shifted), WATCH)
    assert verdict["events"] == []
    assert rows("select count(*) from incidents") == [(0,)]

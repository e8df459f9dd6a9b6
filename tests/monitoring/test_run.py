"""Runs of the monitor on a simulated city, a real Postgres and the real Evidently."""

import datetime as dt
import io
import json
from collections.abc import Callable

import pandas as pd
import pytest

from bikecast.errors import DeploymentError, InputError
from bikecast.monitoring.findings.verdicts import answer
from bikecast.monitoring.reports.pages import library
from bikecast.monitoring.reports.stored_reports import Page, find_page, read_page, results_key
from bikecast.monitoring.requests import MonitorRequest
from bikecast.monitoring.run import Ports, monitor
from bikecast.monitoring.windows import Source
from bikecast.names import CHAMPION_KEY
from use_cases.citibike.keys import citibike_key
from use_cases.citibike.monitoring.measures.columns import EXTRA_COLUMNS, METRIC_COLUMNS
from use_cases.citibike.monitoring.watch import WATCH
from use_cases.citibike.tables.hourly import write_hourly

Rows = Callable[..., list[tuple[object, ...]]]
WEEK = MonitorRequest(
    window_start=dt.datetime(2025, 3, 17), window_end=dt.datetime(2025, 3, 24), source=Source.PROCESSED
)


def test_a_week_is_judged_stored_and_reported(ports: Ports, rows: Rows) -> None:
    (verdict,) = monitor(WEEK, ports, WATCH)
    assert verdict["source"] == "processed"
    assert set(verdict["metrics"]) == {*METRIC_COLUMNS, *EXTRA_COLUMNS}
    assert all(value is not None for value in verdict["metrics"].values())
    page = ports.reports.read(verdict["report_key"]).body
    assert b"<html" in page.lower()
    columns = ", ".join((*METRIC_COLUMNS, *EXTRA_COLUMNS))
    (stored,) = rows(f"select {columns} from citibike_metrics")
    assert None not in stored
    assert rows("select count(*) from feature_drift") == [(len(verdict["features"]),)]


def test_each_theme_has_a_page_of_its_own_from_the_one_computation(ports: Ports) -> None:
    (verdict,) = monitor(WEEK, ports, WATCH)
    shown = {page: read_page(ports.reports, find_page(ports.reports, page)).decode() for page in Page}
    script = library()[1].decode()
    for page, (has, lacks) in THEMES.items():
        data = shown[page].replace(script, "")
        assert len(data) < len(shown[page]) - len(script) + 1, "the script is there, once"
        assert f"2025-03-17 to 2025-03-23, model version 1, {verdict['verdict']}" in data
        assert has in data
        assert lacks not in data
    assert json.loads(ports.reports.read(results_key(verdict["report_key"])).body)["metrics"]


THEMES = {
    Page.MODEL: ("RMSE (current)", "Drift in column"),
    Page.TARGET: ("Drift in column 'trips'", "Drift in column 'TMAX'"),
    Page.DATA: ("Drift in column 'TMAX'", "missing values"),
    Page.DATA_QUALITY: ("Column 'TMAX' missing values", "RMSE"),
}


def test_a_repeated_run_replaces_its_rows(ports: Ports, rows: Rows) -> None:
    first, second = (next(monitor(WEEK, ports, WATCH)) for _ in range(2))
    assert first["metrics"] == second["metrics"]
    assert rows("select count(*) from citibike_metrics") == [(1,)]
    assert rows("select count(*) from feature_drift") == [(len(first["features"]),)]


def test_a_verdict_does_not_depend_on_the_order_of_runs(ports: Ports) -> None:
    span = MonitorRequest(
        window_start=dt.datetime(2025, 1, 6), window_end=dt.datetime(2025, 2, 3), every="1w", html=False
    )
    in_order = [verdict["verdict"] for verdict in monitor(span, ports, WATCH)]
    alone = [next(monitor(_one_week(span, index), ports, WATCH))["verdict"] for index in (3, 1, 0, 2)]
    assert [alone[2], alone[1], alone[3], alone[0]] == in_order


def _one_week(span: MonitorRequest, index: int) -> MonitorRequest:
    assert span.window_start is not None
    start = span.window_start + dt.timedelta(days=7 * index)
    return MonitorRequest(window_start=start, window_end=start + dt.timedelta(days=7), html=False)


def test_the_answer_carries_every_window_in_brief(ports: Ports) -> None:
    span = MonitorRequest(
        window_start=dt.datetime(2025, 3, 3), window_end=dt.datetime(2025, 3, 20), every="1w", html=False
    )
    told = answer(list(monitor(span, ports, WATCH)))
    assert [window["window_start"][:10] for window in told["windows"]] == ["2025-03-03", "2025-03-10"]
    assert told["window_start"] == "2025-03-10T00:00:00"


def test_hours_of_the_training_window_are_judged_by_the_demand_that_is_known_now(ports: Ports) -> None:
    week = WEEK.model_copy(
        update={
            "window_start": dt.datetime(2024, 9, 16),
            "window_end": dt.datetime(2024, 9, 23),
            "html": False,
        }
    )
    (before,) = monitor(week, ports, WATCH)
    key = citibike_key(2024)
    hourly = pd.read_parquet(io.BytesIO(ports.data.read(key).body))
    late = hourly["date"] >= "2024-09-01"
    write_hourly(ports.data, hourly.assign(trips=hourly["trips"].where(~late, hourly["trips"] * 2)))
    (after,) = monitor(week, ports, WATCH)
    assert (before["verdict"], after["verdict"]) == ("ok", "severe")
    assert after["bias"] == pytest.approx((1 + before["bias"]) / 2 - 1, abs=0.001)


def test_without_a_champion_the_monitor_says_what_to_do(ports: Ports) -> None:
    ports.serving.delete(CHAMPION_KEY)
    with pytest.raises(DeploymentError, match="train one first"):
        next(monitor(WEEK, ports, WATCH))


def test_a_span_too_short_for_a_window_is_refused(ports: Ports) -> None:
    span = MonitorRequest(
        window_start=dt.datetime(2025, 3, 3), window_end=dt.datetime(2025, 3, 5), every="1w"
    )
    with pytest.raises(InputError, match="no whole window"):
        answer(list(monitor(span, ports, WATCH)))

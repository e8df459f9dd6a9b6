"""What goes wrong leaves nothing half-written, and the next run completes it."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import psycopg
import pytest

from bikecast.errors import StoreError
from bikecast.monitoring.requests import MonitorRequest
from bikecast.monitoring.run import Ports, monitor
from bikecast.monitoring.windows import Source
from bikecast.storage import FolderStore
from use_cases.citibike.keys import citibike_key, weather_key
from use_cases.citibike.monitoring.watch import WATCH
from use_cases.citibike.tables.hourly import write_hourly

Rows = Callable[..., list[tuple[object, ...]]]
NUMBERS = MonitorRequest(
    window_start=dt.datetime(2025, 3, 17),
    window_end=dt.datetime(2025, 3, 24),
    source=Source.PROCESSED,
    html=False,
)
PAGES = NUMBERS.model_copy(update={"html": True})


class FullStore(FolderStore):
    """A store that has no room for pages."""

    def write(self, key: str, body: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        if key.endswith("report.html"):
            raise StoreError("no space left")
        return super().write(key, body, if_match=if_match, if_absent=if_absent)


def _stored(rows: Rows) -> tuple[object, ...]:
    windows, features = (
        rows("select count(*) from citibike_metrics"),
        rows("select count(*) from feature_drift"),
    )
    return windows[0][0], features[0][0]


def test_a_database_that_is_down_leaves_nothing_and_the_next_run_completes(ports: Ports, rows: Rows) -> None:
    def refuse() -> psycopg.Connection:
        raise psycopg.OperationalError("connection refused")

    with pytest.raises(psycopg.OperationalError):
        list(monitor(NUMBERS, replace(ports, connect=refuse), WATCH))
    assert _stored(rows) == (0, 0)
    assert len(list(monitor(NUMBERS, ports, WATCH))) == 1
    assert _stored(rows) == (1, 9)


def test_a_database_that_goes_down_in_the_middle_leaves_nothing(ports: Ports, rows: Rows) -> None:
    opened: list[psycopg.Connection] = []

    def remembered() -> psycopg.Connection:
        opened.append(ports.connect())
        return opened[-1]

    def hang_up() -> dt.datetime:  # the clock is asked after judging and before writing
        if opened:
            backend = opened[-1].info.backend_pid
            rows("select pg_terminate_backend(%s)", backend)
        return ports.clock()

    with pytest.raises(psycopg.OperationalError):
        list(monitor(NUMBERS, replace(ports, connect=remembered, clock=hang_up), WATCH))
    assert _stored(rows) == (0, 0)
    list(monitor(NUMBERS, ports, WATCH))
    assert _stored(rows) == (1, 9)


def test_a_report_that_cannot_be_uploaded_stores_no_verdict(ports: Ports, rows: Rows) -> None:
    full = replace(ports, reports=FullStore(ports.reports.root))  # type: ignore[attr-defined]  # the test's store is a folder
    with pytest.raises(StoreError, match="no space"):
        list(monitor(PAGES, full, WATCH))
    assert _stored(rows) == (0, 0)
    list(monitor(PAGES, ports, WATCH))
    assert _stored(rows) == (1, 9)


def test_two_runs_of_one_window_at_once_follow_each_other(ports: Ports, rows: Rows) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: next(monitor(NUMBERS, ports, WATCH)), range(2))
    assert first["metrics"] == second["metrics"]
    assert _stored(rows) == (1, 9)


def test_an_empty_window_says_so_and_is_stored(ports: Ports, rows: Rows) -> None:
    hourly = pd.read_parquet(ports.data.root / citibike_key(2025))  # type: ignore[attr-defined]  # the test's store is a folder
    write_hourly(ports.data, hourly[(hourly["date"] < "2025-03-17") | (hourly["date"] >= "2025-03-24")])
    (verdict,) = monitor(NUMBERS, ports, WATCH)
    assert (verdict["verdict"], verdict["report_key"]) == ("no_data", None)
    assert "at least 24" in verdict["reasons"][0]
    assert rows("select verdict, n_rows, missing_hours from citibike_metrics") == [("no_data", 0, 168)]


def test_a_window_with_one_row_is_no_sample(ports: Ports) -> None:
    hourly = pd.read_parquet(ports.data.root / citibike_key(2025))  # type: ignore[attr-defined]  # the test's store is a folder
    inside = (hourly["date"] >= "2025-03-17") & (hourly["date"] < "2025-03-24")
    write_hourly(ports.data, hourly[~inside | ((hourly["date"] == "2025-03-19") & (hourly["hour"] == 8))])
    (verdict,) = monitor(NUMBERS, ports, WATCH)
    assert (verdict["verdict"], verdict["n_rows"]) == ("no_data", 1)


def test_a_column_that_goes_missing_is_found_in_its_first_window(ports: Ports) -> None:
    path = ports.data.root / weather_key(2025)  # type: ignore[attr-defined]  # the test's store is a folder
    weather = pd.read_parquet(path)
    weather.loc[weather["DATE"] >= "2025-03-17", "PRCP"] = np.nan
    weather.to_parquet(path)
    (verdict,) = monitor(PAGES, ports, WATCH)
    assert (verdict["verdict"], verdict["action"]) == ("degraded", "notify")
    assert verdict["reasons"][0].startswith("PRCP is missing more often: 1")
    assert next(f for f in verdict["features"] if f["feature"] == "PRCP")["score"] is None


def test_days_without_weather_are_missing_hours_and_no_crash(ports: Ports) -> None:
    path = ports.data.root / weather_key(2025)  # type: ignore[attr-defined]  # the test's store is a folder
    weather = pd.read_parquet(path)
    weather[weather["DATE"] != "2025-03-19"].to_parquet(path)
    (verdict,) = monitor(NUMBERS, ports, WATCH)
    assert (verdict["verdict"], verdict["missing_hours"]) == ("degraded", 24)
    assert any("hours are missing" in reason for reason in verdict["reasons"])


@pytest.mark.parametrize(
    ("monday", "hours"),
    [
        ("2025-03-03", 167),  # springs forward
        ("2024-10-28", 168),  # falls back: the repeated hour is one row
        ("2024-12-23", 168),  # ISO week 52
        ("2024-12-30", 168),  # ISO week 1, over the end of the year
    ],
)
def test_no_hour_is_missed_where_clocks_and_years_change(ports: Ports, monday: str, hours: int) -> None:
    start = dt.datetime.fromisoformat(monday)
    week = NUMBERS.model_copy(update={"window_start": start, "window_end": start + dt.timedelta(days=7)})
    (verdict,) = monitor(week, ports, WATCH)
    assert (verdict["n_rows"], verdict["missing_hours"]) == (hours, 0)
    assert not any("missing" in reason for reason in verdict["reasons"])

"""Windows judged by what was really served: the prediction log, joined with demand by hour."""

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from bikecast.monitoring.requests import MonitorRequest
from bikecast.monitoring.run import monitor
from bikecast.monitoring.windows import Window
from tests.monitoring.conftest import City
from use_cases.citibike.keys import citibike_key
from use_cases.citibike.monitoring.actuals import demand_rows, hour_key, hourly_actuals
from use_cases.citibike.monitoring.hours import HIGH, LOW, PREDICTION, WEATHER, ScoredHours
from use_cases.citibike.monitoring.sources import Champion, load_processed
from use_cases.citibike.monitoring.watch import WATCH

Rows = Callable[..., list[tuple[object, ...]]]
START, END = dt.datetime(2025, 3, 17), dt.datetime(2025, 3, 24)
WEEK = MonitorRequest(window_start=START, window_end=END, html=False)
LOADED = dt.datetime(2025, 3, 31, tzinfo=dt.UTC)

CAPTURED = """
insert into predictions
    (use_case, id, key, predicted_for, requested_at, model_version, source, prediction, low, high, inputs,
     latency_ms)
values ('citibike', gen_random_uuid()::text, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s)
"""


@pytest.fixture
def served(ports: City, champion: Champion) -> ScoredHours:
    """What the champion says of the week and of the weeks before it, as the processed tables score it."""
    span = Window(START - dt.timedelta(days=63), END)
    scored = load_processed(ports.data, champion, span=span).hours
    return scored.take(~np.isnan(scored[PREDICTION]) & (scored.timestamp >= np.datetime64(span.start)))


def _capture(
    ports: City,
    hours: ScoredHours,
    *,
    times: float = 1.0,
    version: str = "1",
    late_h: int = 0,
    **row: object,
) -> None:
    with ports.owner() as connection, connection.cursor() as cursor:
        rows = []
        for number, stamp in enumerate(hours.timestamp.astype(dt.datetime)):
            weather = {name: hours[name][number] for name in WEATHER if hours.has(name)}
            values = (times * hours[name][number] for name in (PREDICTION, LOW, HIGH))
            asked = stamp.replace(tzinfo=dt.UTC) + dt.timedelta(hours=late_h)
            source, latency = row.get("source", "champion"), row.get("latency_ms", 10.0)
            rows.append(
                (
                    hour_key(stamp),
                    stamp,
                    asked,
                    version,
                    source,
                    *values,
                    pd.Series(weather).to_json(),
                    latency,
                )
            )
        cursor.executemany(CAPTURED.encode(), rows)
        connection.commit()


def _load_demand(ports: City) -> None:
    with ports.owner() as connection:
        hourly = pd.read_parquet(ports.data.root / citibike_key(2025))  # type: ignore[attr-defined]  # the test's store is a folder
        hourly_actuals(connection).record(demand_rows(hourly), now=LOADED)
        connection.commit()


def test_a_captured_week_is_judged_as_it_was_served(ports: City, served: ScoredHours, rows: Rows) -> None:
    _capture(ports, served)
    _load_demand(ports)
    (captured,) = monitor(WEEK, ports, WATCH)
    (scored,) = monitor(WEEK.model_copy(update={"source": "processed"}), ports, WATCH)
    assert (captured["source"], scored["source"]) == ("predictions", "processed")
    for name in ("wape", "bias", "n_rows", "verdict"):
        assert captured[name] == pytest.approx(scored[name]), name
    assert captured["metrics"]["rmse_score_current"] == pytest.approx(scored["metrics"]["rmse_score_current"])


def test_traffic_latency_plan_b_and_the_delay_of_demand_are_told(
    ports: City, served: ScoredHours, rows: Rows
) -> None:
    week = served.between(np.datetime64(START), np.datetime64(END))
    _capture(ports, week, latency_ms=10.0)
    _capture(ports, week, latency_ms=30.0, source="seasonal_naive", version="fallback")
    _load_demand(ports)
    list(monitor(WEEK, ports, WATCH))
    told = rows("select n_predictions, latency_p50_ms, latency_p95_ms, fallback_share from citibike_metrics")
    assert told == [(168, 10.0, 10.0, 0.5)]
    [(delay,)] = rows("select label_delay_hours from citibike_metrics")
    middle = START + (END - START) / 2
    assert delay == pytest.approx(
        (LOADED.replace(tzinfo=None) - middle) / dt.timedelta(hours=1) - 3.5, abs=0.1
    )


def test_the_last_answer_before_the_hour_was_over_is_judged_whatever_the_traffic(
    ports: City, served: ScoredHours
) -> None:
    for _ in range(3):
        _capture(ports, served)
    _capture(ports, served, times=9.0, late_h=48)
    _load_demand(ports)
    (verdict,) = monitor(WEEK, ports, WATCH)
    assert verdict["n_rows"] == 168
    assert abs(verdict["bias"]) < 1


def test_a_week_without_its_demand_is_judged_by_what_is_known(ports: City, served: ScoredHours) -> None:
    _capture(ports, served)
    (verdict,) = monitor(WEEK, ports, WATCH)
    assert (verdict["source"], verdict["wape"]) == ("predictions", None)
    assert verdict["metrics"]["prediction_drift"] is not None
    assert verdict["verdict"] in ("ok", "watch")


def test_a_handful_of_questions_is_no_sample_of_the_week(ports: City, served: ScoredHours) -> None:
    _capture(ports, served.between(np.datetime64(START), np.datetime64(START) + np.timedelta64(80, "h")))
    (verdict,) = monitor(WEEK, ports, WATCH)
    assert (verdict["source"], verdict["n_predictions"]) == ("processed", 80)


def test_a_worse_answer_than_the_models_is_found_in_the_log_alone(ports: City, served: ScoredHours) -> None:
    broken = served.timestamp >= np.datetime64(START - dt.timedelta(days=7))
    _capture(ports, served.take(~broken))
    _capture(ports, served.take(broken), times=2.5)
    _load_demand(ports)
    (verdict,) = monitor(WEEK, ports, WATCH)
    assert verdict["verdict"] == "severe"
    (scored,) = monitor(WEEK.model_copy(update={"source": "processed"}), ports, WATCH)
    assert scored["verdict"] in ("ok", "watch")

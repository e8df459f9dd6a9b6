"""Demand that comes late is joined to what was predicted for it, whichever version did."""

import datetime as dt

import pandas as pd
import psycopg
import pytest

from bikecast.database import DatabaseSettings, connect
from bikecast.monitoring.actuals import Actual, ActualsOf, Recorded
from training_job.migrations import migrate
from use_cases.citibike.monitoring.actuals import demand_rows, hour_key, hourly_actuals

MONDAY = dt.datetime(2025, 1, 6)
LOADED = dt.datetime(2025, 2, 3, 5, tzinfo=dt.UTC)


@pytest.fixture
def connection(database: DatabaseSettings) -> psycopg.Connection:
    migrate(database)
    return connect(database, application="test")


def _hourly(trips: list[int]) -> pd.DataFrame:
    stamps = [MONDAY + dt.timedelta(hours=hour) for hour in range(len(trips))]
    days = pd.to_datetime([stamp.date() for stamp in stamps])
    return pd.DataFrame({"date": days, "hour": [s.hour for s in stamps], "trips": trips})


def _predict(
    connection: psycopg.Connection, hour: int, value: float, *, version: str = "1", asked: str = "2025-01-05"
) -> None:
    moment = MONDAY + dt.timedelta(hours=hour)
    connection.execute(
        "insert into predictions"
        " (use_case, id, key, predicted_for, requested_at, model_version, source, prediction, low, high)"
        " values ('citibike', gen_random_uuid()::text, %s, %s, %s, %s, 'champion', %s, %s, %s)",
        (hour_key(moment), moment, asked, version, value, value - 10, value + 10),
    )


def _record(connection: psycopg.Connection, trips: list[int], *, now: dt.datetime = LOADED) -> Recorded:
    return hourly_actuals(connection).record(demand_rows(_hourly(trips)), now=now)


def _live(connection: psycopg.Connection) -> dict[str, tuple[float, ...]]:
    rows = connection.execute("select model_version, n_rows, mae, bias, interval_coverage from live_error")
    return {row[0]: tuple(round(float(value), 4) for value in row[1:]) for row in rows}


def test_a_load_updates_the_error_of_every_version_that_predicted_its_hours(
    connection: psycopg.Connection,
) -> None:
    for hour in range(2):
        _predict(connection, hour, 105)
        _predict(connection, hour, 130, version="0")
    recorded = _record(connection, [100, 100, 100], now=LOADED)
    assert (recorded.changed_rows, recorded.versions) == (3, ("0", "1"))
    assert _live(connection) == {"1": (2, 5, 0.05, 1), "0": (2, 30, 0.3, 0)}


def test_the_last_prediction_before_the_hour_was_over_counts(connection: psycopg.Connection) -> None:
    _predict(connection, 0, 90, asked="2025-01-04")
    _predict(connection, 0, 95, asked="2025-01-05")
    _predict(connection, 0, 500, asked="2025-01-20")
    _record(connection, [100])
    assert _live(connection)["1"][1] == 5


def test_loading_the_same_hours_again_changes_nothing(connection: psycopg.Connection) -> None:
    _predict(connection, 0, 90)
    _record(connection, [100], now=LOADED)
    again = _record(connection, [100], now=LOADED + dt.timedelta(days=9))
    assert (again.changed_rows, again.versions) == (0, ())
    assert connection.execute("select loaded_at from actuals").fetchone() == (LOADED,)


def test_a_corrected_hour_replaces_what_was_known(connection: psycopg.Connection) -> None:
    _predict(connection, 0, 90)
    _record(connection, [100], now=LOADED)
    _record(connection, [200])
    assert _live(connection)["1"][1] == 110


def test_the_label_delay_is_counted_from_the_hour(connection: psycopg.Connection) -> None:
    _predict(connection, 0, 90)
    _record(connection, [100], now=LOADED)
    assert connection.execute("select label_delay_hours from live_error").fetchone() == (28 * 24.0,)


def test_predictions_that_are_captured_after_their_demand_are_judged_too(
    connection: psycopg.Connection,
) -> None:
    _record(connection, [100], now=LOADED)
    _predict(connection, 0, 90)
    assert hourly_actuals(connection).late_predictions(now=LOADED) == ("1",)
    assert _live(connection)["1"][0] == 1


def test_a_question_about_the_past_is_no_live_performance(connection: psycopg.Connection) -> None:
    _predict(connection, 0, 500, asked="2025-01-20")
    assert _record(connection, [100]).versions == ()
    assert _live(connection) == {}


def test_use_cases_with_the_same_keys_do_not_meet(connection: psycopg.Connection) -> None:
    _predict(connection, 0, 90)
    ActualsOf(connection, "another").record([Actual(hour_key(MONDAY), MONDAY, 100.0)], now=LOADED)
    assert _live(connection) == {}


def test_a_class_is_right_or_wrong(connection: psycopg.Connection) -> None:
    for key, value in (("a", 0.0), ("b", 2.0)):
        connection.execute(
            "insert into predictions (use_case, id, key, predicted_for, requested_at, model_version, source,"
            " prediction) values ('classes', %s, %s, %s, %s, '1', 'champion', %s)",
            (key, key, MONDAY, MONDAY, value),
        )
    truth = ActualsOf(connection, "classes", is_number=False)
    truth.record([Actual("a", None, 0.0), Actual("b", None, 1.0)], now=LOADED)
    assert connection.execute("select rmse, metrics from live_error").fetchone() == (None, {"accuracy": 0.5})

"""Only periods that have data are judged; without a period it is the last complete week of the data."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest

from bikecast.errors import InputError
from bikecast.monitoring.requests import MonitorRequest
from bikecast.monitoring.run import Ports, monitor
from bikecast.monitoring.windows import WEEK, Source, Window
from tests.monitoring.conftest import City
from use_cases.citibike.monitoring.extent import read_extent
from use_cases.citibike.monitoring.watch import WATCH

Rows = Callable[..., list[tuple[object, ...]]]
# The city's demand ends with 31 March 2025, a Monday.
LAST_WEEK = Window(dt.datetime(2025, 3, 24), dt.datetime(2025, 3, 31))
JULY = dt.datetime(2025, 7, 10, 12, tzinfo=dt.UTC)
LOGGED = """
insert into predictions
    (use_case, id, predicted_for, requested_at, model_version, source, prediction, low, high, inputs)
select 'citibike', gen_random_uuid()::text, hour, hour, '1', 'champion', 1, 0, 2, '{}'
from generate_series(%s::timestamp, %s::timestamp, interval '1 hour') as hour
"""


def log(ports: City, first: dt.datetime, *, hours: int) -> None:
    with ports.owner() as connection:
        connection.execute(LOGGED.encode(), (first, first + dt.timedelta(hours=hours - 1)))


def latest(ports: Ports, source: Source | None = None, *, now: dt.datetime = JULY) -> Window:
    with ports.connect() as connection:
        return read_extent(ports.data, connection, source).latest_week(now)


def test_months_later_the_last_complete_week_is_still_that_of_the_data(ports: Ports) -> None:
    assert latest(ports) == LAST_WEEK
    (verdict,) = monitor(MonitorRequest(html=False), replace(ports, clock=lambda: JULY), WATCH)
    assert (verdict["window_start"], verdict["verdict"]) == ("2025-03-24T00:00:00", "ok")


def test_a_week_whose_predictions_were_logged_is_newer_than_demand(ports: City) -> None:
    monday = dt.datetime(2025, 6, 30)
    log(ports, monday, hours=100)
    assert latest(ports) == latest(ports, Source.PREDICTIONS) == Window(monday, monday + WEEK)
    assert latest(ports, Source.PROCESSED) == LAST_WEEK


def test_a_few_questions_about_a_week_are_no_week_of_data(ports: City) -> None:
    log(ports, dt.datetime(2025, 6, 30), hours=20)
    log(ports, dt.datetime(2031, 6, 30), hours=168)
    assert latest(ports) == LAST_WEEK


@pytest.mark.parametrize("source", [None, *Source])
def test_a_period_beyond_the_data_is_refused_and_nothing_is_stored(
    ports: Ports, rows: Rows, source: Source | None
) -> None:
    asked = MonitorRequest(
        window_start=dt.datetime(2025, 3, 24),
        window_end=dt.datetime(2025, 4, 21),
        every="1w",
        source=source,
        html=False,
    )
    with pytest.raises(InputError, match=r"2025-04-07 to 2025-04-13 lies beyond .* until 2025-03-31"):
        list(monitor(asked, ports, WATCH))
    assert rows("select count(*) from citibike_metrics") == [(0,)]


def test_what_was_logged_beyond_the_demand_can_be_judged(ports: City) -> None:
    log(ports, dt.datetime(2025, 4, 7), hours=168)
    asked = MonitorRequest(
        window_start=dt.datetime(2025, 4, 7), window_end=dt.datetime(2025, 4, 14), html=False
    )
    (verdict,) = monitor(asked, ports, WATCH)
    assert verdict["source"] == "predictions"

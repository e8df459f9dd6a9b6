"""Hourly demand as the truth that predictions of hours are judged by."""

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bikecast.monitoring.actuals import Actual, ActualsOf
from bikecast.names import TIME_ZONE

if TYPE_CHECKING:
    import pandas as pd
    import psycopg

# An hour may be predicted until it is over; what is asked later is a what-if question.
IN_TIME_S = 3600.0


def hourly_actuals(connection: "psycopg.Connection") -> ActualsOf:
    """Return the truth of this use case; the connection's transaction is the caller's."""
    return ActualsOf(connection, "citibike", zone=TIME_ZONE, in_time_s=IN_TIME_S)


def hour_key(hour: dt.datetime) -> str:
    """Return the key of an hour of wall time, such as ``2025-01-02 08:00:00``."""
    return str(hour)


def demand_rows(hourly: "pd.DataFrame") -> Iterator[Actual]:
    """Yield what came of each hour.

    Args:
        hourly: Columns ``date``, ``hour``, ``trips``, each hour once, New York wall time.
    """
    columns = (hourly[name].tolist() for name in ("date", "hour", "trips"))
    for day, clock, trips in zip(*columns, strict=True):
        hour = dt.datetime(day.year, day.month, day.day, int(clock))
        yield Actual(hour_key(hour), hour, float(trips))

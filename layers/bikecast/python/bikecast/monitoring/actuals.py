"""Demand that came late: stored by hour, and the error of every version that predicted those hours.

Trip files come monthly, so a prediction is judged weeks after it was made, perhaps when its version
no longer serves. Light imports: the step that publishes tables calls this.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bikecast.names import TIME_ZONE

if TYPE_CHECKING:
    import pandas as pd
    import psycopg

CHANGED = """
insert into monitoring.actuals (hour, trips, data_hash, loaded_at)
select hour, trips, data_hash, %(now)s from actuals_loaded
on conflict (hour) do update set
    trips = excluded.trips, data_hash = excluded.data_hash, loaded_at = excluded.loaded_at
where actuals.trips <> excluded.trips
returning hour
"""
# One prediction an hour and version: the last that was made before the hour was over, else the last.
LIVE_ERROR = """
with weeks as (
    select distinct date_trunc('week', hour) as week from unnest(%(hours)s::timestamp[]) hour
), asked as (
    select distinct on (model_version, hour) model_version, hour, prediction, low, high, requested_at
    from (
        select p.*, date_trunc('hour', p.predicted_for) as hour
        from weeks
        join monitoring.predictions p
          on p.predicted_for >= weeks.week and p.predicted_for < weeks.week + interval '7 days'
    ) p
    order by model_version, hour,
        (requested_at at time zone %(zone)s <= hour + interval '1 hour') desc, requested_at desc
), joined as (
    select asked.*, a.trips, a.loaded_at, date_trunc('week', hour) as week
    from asked join monitoring.actuals a using (hour)
)
insert into monitoring.live_error
    (model_version, window_start, window_end, n_hours, rmse, mae, wape, bias, interval_coverage,
     label_delay_hours, updated_at)
select model_version, week, week + interval '7 days', count(*),
    sqrt(avg((prediction - trips) ^ 2)), avg(abs(prediction - trips)),
    sum(abs(prediction - trips)) / nullif(sum(trips), 0), sum(prediction - trips) / nullif(sum(trips), 0),
    avg((trips between low and high)::int),
    avg(extract(epoch from loaded_at - hour at time zone %(zone)s)) / 3600, %(now)s
from joined group by model_version, week
on conflict (model_version, window_start, window_end) do update set
    n_hours = excluded.n_hours, rmse = excluded.rmse, mae = excluded.mae, wape = excluded.wape,
    bias = excluded.bias, interval_coverage = excluded.interval_coverage,
    label_delay_hours = excluded.label_delay_hours, updated_at = excluded.updated_at
returning model_version
"""


@dataclass(frozen=True)
class Recorded:
    """What a load changed: hours with new demand, and the versions whose live error moved."""

    changed_hours: int
    versions: tuple[str, ...]


def record_actuals(
    connection: "psycopg.Connection",
    hourly: "pd.DataFrame",
    *,
    data_hash: str | None = None,
    now: dt.datetime | None = None,
) -> Recorded:
    """Store hourly demand and update the live error of each version that predicted these hours.

    Loading the same hours again changes nothing; corrected hours replace what was known.

    Args:
        connection: Its transaction is the caller's; nothing is committed here.
        hourly: Columns ``date``, ``hour``, ``trips``, each hour once, New York wall time.
        data_hash: Of the data that the hours come from.
        now: When they came; the clock's time if absent.
    """
    moment = now or dt.datetime.now(dt.UTC)
    changed = _store(connection, _rows(hourly, data_hash), moment)
    return Recorded(len(changed), update_live_error(connection, changed, now=moment))


def _rows(hourly: "pd.DataFrame", data_hash: str | None) -> list[tuple[dt.datetime, int, str | None]]:
    days, hours, trips = (hourly[name].tolist() for name in ("date", "hour", "trips"))
    found = zip(days, hours, trips, strict=True)
    return [
        (dt.datetime(day.year, day.month, day.day, int(hour)), int(count), data_hash)
        for day, hour, count in found
    ]


def _store(
    connection: "psycopg.Connection", rows: Iterable[tuple[object, ...]], now: dt.datetime
) -> list[dt.datetime]:
    with connection.cursor() as cursor:
        cursor.execute(
            "create temporary table if not exists actuals_loaded"
            " (hour timestamp, trips integer, data_hash text) on commit drop"
        )
        cursor.execute("truncate actuals_loaded")
        with cursor.copy("copy actuals_loaded from stdin") as copy:
            for row in rows:
                copy.write_row(row)
        return [row[0] for row in cursor.execute(CHANGED, {"now": now})]


def update_live_error(
    connection: "psycopg.Connection", hours: list[dt.datetime], *, now: dt.datetime
) -> tuple[str, ...]:
    """Compute the weeks of these hours anew for every version that predicted them; return the versions."""
    if not hours:
        return ()
    values = {"hours": hours, "now": now, "zone": TIME_ZONE}
    return tuple(sorted({row[0] for row in connection.execute(LIVE_ERROR, values)}))


def late_predictions(connection: "psycopg.Connection", *, now: dt.datetime) -> tuple[str, ...]:
    """Compute every week anew that has predictions and demand: for predictions captured after the fact."""
    rows = connection.execute(
        "select distinct date_trunc('week', hour) from monitoring.actuals"
        " join monitoring.predictions on date_trunc('hour', predicted_for) = hour"
    )
    return update_live_error(connection, [row[0] for row in rows], now=now)

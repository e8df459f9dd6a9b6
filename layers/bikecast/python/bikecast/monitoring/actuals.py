"""Actual values: stored by the key of their row, with the error of every version that predicted it.

Files come weeks after the predictions, so a prediction is judged when its row arrives, perhaps when its
version no longer serves. Light imports: steps that load data call this.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import psycopg

CHANGED = """
insert into monitoring.actuals (use_case, key, happened_at, value, data_hash, loaded_at)
select %(use_case)s, key, happened_at, value, %(data_hash)s, %(now)s from actuals_loaded
on conflict (use_case, key) do update set
    happened_at = excluded.happened_at, value = excluded.value, data_hash = excluded.data_hash,
    loaded_at = excluded.loaded_at
where actuals.value <> excluded.value
returning key
"""
# One prediction a row and version: the last that was made in time. What was asked afterwards was no
# prediction, whatever it says.
LIVE_ERROR = """
with weeks as (
    select distinct date_trunc('week', p.predicted_for) as week
    from unnest(%(keys)s::text[]) changed (key)
    join monitoring.predictions p on p.use_case = %(use_case)s and p.key = changed.key
), asked as (
    select distinct on (model_version, p.key)
        model_version, p.key, prediction, low, high, a.value, a.loaded_at, a.happened_at, week
    from weeks
    join monitoring.predictions p
      on p.use_case = %(use_case)s
     and p.predicted_for >= weeks.week and p.predicted_for < weeks.week + interval '7 days'
    join monitoring.actuals a on a.use_case = p.use_case and a.key = p.key
    where %(in_time_s)s::float8 is null
       or requested_at at time zone %(zone)s <= a.happened_at + make_interval(secs => %(in_time_s)s)
    order by model_version, p.key, requested_at desc
), scored as (
    select model_version, week, count(*) as n_rows,
        case when %(is_number)s then sqrt(avg((prediction - value) ^ 2)) end as rmse,
        case when %(is_number)s then avg(abs(prediction - value)) end as mae,
        case when %(is_number)s then sum(abs(prediction - value)) / nullif(sum(value), 0) end as wape,
        case when %(is_number)s then sum(prediction - value) / nullif(sum(value), 0) end as bias,
        avg((value between low and high)::int) as interval_coverage,
        avg(extract(epoch from loaded_at - happened_at at time zone %(zone)s)) / 3600 as label_delay_hours,
        case when %(is_number)s then '{}'::jsonb
             else jsonb_build_object('accuracy', avg((prediction = value)::int)) end as metrics
    from asked group by model_version, week
), gone as (
    delete from monitoring.live_error l using weeks
    where l.use_case = %(use_case)s and l.window_start = weeks.week
      and l.model_version not in (select model_version from scored where scored.week = weeks.week)
    returning l.model_version
), written as (
    insert into monitoring.live_error
        (use_case, model_version, window_start, window_end, n_rows, rmse, mae, wape, bias,
         interval_coverage, label_delay_hours, metrics, updated_at)
    select %(use_case)s, model_version, week, week + interval '7 days', n_rows, rmse, mae, wape, bias,
        interval_coverage, label_delay_hours, metrics, %(now)s
    from scored
    on conflict (use_case, model_version, window_start, window_end) do update set
        n_rows = excluded.n_rows, rmse = excluded.rmse, mae = excluded.mae, wape = excluded.wape,
        bias = excluded.bias, interval_coverage = excluded.interval_coverage,
        label_delay_hours = excluded.label_delay_hours, metrics = excluded.metrics,
        updated_at = excluded.updated_at
    returning model_version
)
select model_version from written union select model_version from gone
"""


class Actual(NamedTuple):
    """What came of one row: its key, its wall time if it has one, and the number or the class's index."""

    key: str
    happened_at: dt.datetime | None
    value: float


@dataclass(frozen=True)
class Recorded:
    """What a load changed: rows with new truth, and the versions whose live error moved."""

    changed_rows: int
    versions: tuple[str, ...]


@dataclass(frozen=True)
class ActualsOf:
    """The truth of one use case.

    Attributes:
        connection: Its transaction is the caller's; nothing is committed here.
        use_case: Whose rows.
        zone: Whose wall time the rows have.
        in_time_s: How long after its time a row may still be predicted; None where rows have no time by
            which a prediction must have been made.
        is_number: Whether values are numbers or indexes of classes.
    """

    connection: "psycopg.Connection"
    use_case: str
    zone: str = "UTC"
    in_time_s: float | None = None
    is_number: bool = True

    def record(self, rows: Iterable[Actual], *, now: dt.datetime, data_hash: str | None = None) -> Recorded:
        """Store what came and update the live error of each version that predicted these rows.

        Recording the same rows again changes nothing; corrected ones replace what was known.
        """
        changed = self._store(rows, now, data_hash)
        return Recorded(len(changed), self.update_live_error(changed, now=now))

    def _store(self, rows: Iterable[Actual], now: dt.datetime, data_hash: str | None) -> list[str]:
        about = {"use_case": self.use_case, "now": now, "data_hash": data_hash}
        with self.connection.cursor() as cursor:
            cursor.execute(
                "create temporary table if not exists actuals_loaded"
                " (key text, happened_at timestamp, value float8) on commit drop"
            )
            cursor.execute("truncate actuals_loaded")
            with cursor.copy("copy actuals_loaded from stdin") as copy:
                for row in rows:
                    copy.write_row(row)
            return [row[0] for row in cursor.execute(CHANGED, about)]

    def update_live_error(self, keys: list[str], *, now: dt.datetime) -> tuple[str, ...]:
        """Compute the weeks of these rows anew for every version that predicted them; return the versions."""
        if not keys:
            return ()
        values = {
            "keys": keys,
            "use_case": self.use_case,
            "now": now,
            "zone": self.zone,
            "in_time_s": self.in_time_s,
            "is_number": self.is_number,
        }
        return tuple(sorted({row[0] for row in self.connection.execute(LIVE_ERROR, values)}))

    def late_predictions(self, *, now: dt.datetime) -> tuple[str, ...]:
        """Compute every week anew that has predictions and truth: for predictions captured after the fact."""
        rows = self.connection.execute(
            "select distinct on (date_trunc('week', p.predicted_for)) p.key from monitoring.predictions p"
            " join monitoring.actuals a using (use_case, key) where use_case = %s",
            (self.use_case,),
        )
        return self.update_live_error([row[0] for row in rows], now=now)

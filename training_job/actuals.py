"""What was really ridden, in Postgres, where the monitor and the dashboards join it to predictions."""

from typing import TYPE_CHECKING

from bikecast.backtest import Sample

if TYPE_CHECKING:
    import psycopg


def upsert(connection: "psycopg.Connection", sample: Sample, *, data_hash: str) -> None:
    """Write the hours; one that is there already takes the newer count."""
    trips = sample.actual.round().astype(int).tolist()
    rows = [(hour, count, data_hash) for hour, count in zip(sample.hours.tolist(), trips, strict=True)]
    connection.cursor().executemany(_UPSERT, rows)


_UPSERT = """
insert into monitoring.actuals (hour, trips, data_hash) values (%s, %s, %s)
on conflict (hour) do update set trips = excluded.trips, data_hash = excluded.data_hash, loaded_at = now()
where monitoring.actuals.trips <> excluded.trips
"""

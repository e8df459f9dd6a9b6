"""Rides kept by month, counted by hour: every ride once, whatever files it came in."""

import datetime as dt
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from holidays import country_holidays

from bikecast.storage import ObjectStore
from use_cases.citibike.tables.closures import Closure
from use_cases.citibike.tables.gaps import find_gaps
from use_cases.citibike.trips.engine import bounded_engine


@dataclass(frozen=True)
class MonthCount:
    """One month's hours with at least one ride (``date, hour, trips, holiday``) and the rows behind them."""

    hourly: pd.DataFrame
    rows: int
    closures: tuple[Closure, ...] = ()

    @property
    def trips(self) -> int:
        """Distinct rides."""
        return int(self.hourly["trips"].sum())


def count_month(store: ObjectStore, keys: Collection[str], *, threads: int = 2) -> MonthCount:
    """Count the distinct rides of one start month, each in the hour that its earliest row tells.

    Args:
        store: The data bucket.
        keys: Files of kept rides of the month.
        threads: Of the engine.
    """
    with tempfile.TemporaryDirectory(prefix="bikecast-count-") as folder:
        paths = [Path(folder) / f"{number}.parquet" for number in range(len(keys))]
        for key, path in zip(sorted(keys), paths, strict=True):
            store.download(key, path)
        return _counted(paths, Path(folder), threads=threads) if paths else MonthCount(_hourly([]), 0)


def _counted(paths: list[Path], folder: Path, *, threads: int) -> MonthCount:
    # Within one file rides are distinct already.
    distinct = (
        "SELECT min(hour) AS hour FROM rides GROUP BY ride" if len(paths) > 1 else "SELECT hour FROM rides"
    )
    with bounded_engine(folder, threads=threads) as engine:
        engine.read_parquet([str(path) for path in paths]).create_view("rides")
        engine.execute(f"CREATE VIEW counted AS {distinct}")
        counts = engine.execute("SELECT hour, count(*) FROM counted GROUP BY hour ORDER BY hour").fetchall()
        (rows,) = engine.execute("SELECT count(*) FROM rides").fetchone() or (0,)
        hourly = _hourly(counts)
        closures = [gap for gap in find_gaps(hourly) if _is_inside_a_file(engine, paths, gap)]
    return MonthCount(hourly, int(rows), tuple(closures))


def _is_inside_a_file(engine: duckdb.DuckDBPyConnection, paths: list[Path], gap: Closure) -> bool:
    """Tell whether one file holds rides of the day before and of the day after: nothing of it is missing."""
    first, last = (_hour_number(gap.first), _hour_number(gap.last))
    for path in paths:
        before, after = engine.execute(
            "SELECT count(*) FILTER (hour BETWEEN $first - 24 AND $first - 1), "
            "count(*) FILTER (hour BETWEEN $last + 1 AND $last + 24) FROM read_parquet($path)",
            {"first": first, "last": last, "path": str(path)},
        ).fetchone() or (0, 0)
        if before and after:
            return True
    return False


def _hour_number(hour: dt.datetime) -> int:
    return int(np.datetime64(hour, "h").astype(np.int64))


def _hourly(counts: list[tuple[int, int]]) -> pd.DataFrame:
    hours = pd.DatetimeIndex(np.array([hour for hour, _ in counts], dtype="datetime64[h]")).as_unit("ns")
    days = hours.normalize()
    federal = pd.DatetimeIndex(sorted(country_holidays("US", years=sorted(set(days.year)))))
    frame = pd.DataFrame({"date": days, "hour": hours.hour, "trips": [trips for _, trips in counts]})
    return frame.assign(holiday=days.isin(federal)).astype(
        {"hour": "int32", "trips": "int64", "holiday": "int64"}
    )

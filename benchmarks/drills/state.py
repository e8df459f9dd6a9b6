"""What a deployment holds: tables, champion, the registry's alias, the monitor's rows."""

import hashlib
import io
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import psycopg

from bikecast.names import CHAMPION_KEY, MODEL_NAME, Alias, Bucket
from bikecast.registry.champion_store import ChampionStore
from bikecast.storage import S3Store
from tests.deployment import Deployment, eventually

TABLES = "datasets/processed/"
DATABASE_LIMIT_S = 120
WINDOWS = """
select w.window_start::text, w.verdict, w.report_key, count(f.feature)
from monitoring.windows w left join monitoring.feature_drift f
using (use_case, model_version, window_start, window_end) where w.use_case = 'citibike' group by 1, 2, 3
"""
ORPHANS = """
select count(*) from monitoring.feature_drift f left join monitoring.windows w
using (use_case, model_version, window_start, window_end) where w.verdict is null
"""


@dataclass(frozen=True)
class State:
    """One look at everything; equal states hold the same.

    ``windows`` is verdict, report and number of features by first day; ``broken`` says what cannot be.
    """

    tables: dict[str, str]
    champion: str | None
    alias: str | None
    windows: dict[str, tuple[str, str | None, int]]
    broken: tuple[str, ...] = field(default=(), compare=False)


def look(cloud: Deployment) -> State:
    """Read the state of a cloud that runs."""
    buckets = cloud.outputs["buckets"]
    serving = S3Store(cloud.client("s3"), buckets[Bucket.SERVING])
    current = ChampionStore(serving).look()
    rows = ask(cloud, WINDOWS)
    windows = {start: (verdict, report, n) for start, verdict, report, n in rows}
    broken = [current.problem] if current.problem else []
    broken += _unreadable_reports(cloud, [report for _, report, _ in windows.values() if report])
    broken += ["features without their window"] * bool(ask(cloud, ORPHANS)[0][0])
    return State(_tables(cloud), current.version, _alias(cloud), windows, tuple(broken))


def ask(cloud: Deployment, query: str) -> list[tuple[Any, ...]]:
    """Query the database, which may still recover."""

    def asked() -> list[list[tuple[Any, ...]]]:
        try:
            return [cloud.sql(query)]
        except psycopg.OperationalError:
            return []

    [rows] = eventually(asked, timeout_s=DATABASE_LIMIT_S, every_s=1)
    return list(rows)


def _tables(cloud: Deployment) -> dict[str, str]:
    store = S3Store(cloud.client("s3"), cloud.outputs["buckets"][Bucket.DATA])
    return {key: _digest(store.read(key).body) for key in store.keys(TABLES)}


def _digest(parquet: bytes) -> str:
    """Return a digest of the rows, whatever the file's own metadata say."""
    rows = pd.read_parquet(io.BytesIO(parquet))
    return hashlib.sha256(pd.util.hash_pandas_object(rows).to_numpy().tobytes()).hexdigest()[:12]


def _alias(cloud: Deployment) -> str | None:
    if not ask(cloud, "select 1 where to_regclass('mlflow.registered_model_aliases') is not null"):
        return None  # nothing was trained yet
    query = f"select version::text from mlflow.registered_model_aliases where name = '{MODEL_NAME}'"
    rows = ask(cloud, f"{query} and alias = '{Alias.CHAMPION}'")
    return str(rows[0][0]) if rows else None


def _unreadable_reports(cloud: Deployment, keys: list[str]) -> list[str]:
    store = S3Store(cloud.client("s3"), cloud.outputs["buckets"][Bucket.REPORTS])
    there = set(store.keys("drift/"))
    return [f"{key} is missing" for key in keys if key not in there]


__all__ = ["CHAMPION_KEY", "State", "ask", "look"]

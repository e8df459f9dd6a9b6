"""Bringing data to the cloud: processed tables as they are, trip files by the ingest state machine."""

import datetime as dt
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bikecast.errors import DataError
from bikecast.names import (
    LATEST_LOAD_REPORT_KEY,
    Output,
    Step,
    citibike_key,
    weather_key,
)
from console.buckets import Bucket, data_bucket
from console.champions import champion_exists, retire_simulated
from console.cloud import Cloud
from console.errors import ExecutionError
from console.executions import start_execution
from console.operations import operate
from console.outputs import read_stack_outputs
from console.replacing import make_room
from console.sources import Source
from console.uploading import upload_files
from console.watching import watch

if TYPE_CHECKING:
    import pandas as pd


def load(
    cloud: Cloud,
    source: Source,
    *,
    months: list[str] | None = None,
    force: bool = False,
    replace_simulated: bool = False,
) -> dict[str, Any]:
    """Bring a source to the cloud and return the load report.

    Simulated and real data never mix: real data replaces simulated data, and once it is loaded the champion
    that they taught is retired.

    Raises:
        DataError: A table breaks its contract, no file can be read, or simulated data would join real data.
        InputError: Simulated data would be removed, and nobody agreed.
        ExecutionError: The ingestion failed.
    """
    bucket = data_bucket(cloud)
    tables = check_tables(source) if source.is_processed else []
    make_room(cloud, source, agreed=replace_simulated)
    if source.is_processed:
        report = upload_tables(bucket, source, tables)
    else:
        report = ingest(cloud, files=upload_files(bucket, source), months=months, force=force)
    if not source.is_simulated:
        retire_simulated(cloud)
    if source.is_processed and champion_exists(cloud):
        follow_demand(cloud)
    return report


def follow_demand(cloud: Cloud) -> None:
    """Let new demand meet what was predicted for it; the champion's level moves too, as ingestion does it."""
    operate(cloud, Step.REFRESH_LEVEL, payload={})
    operate(cloud, Step.RECORD_ACTUALS, payload={})


@dataclass(frozen=True)
class CheckedTable:
    """A processed table that keeps its contract, and where it goes."""

    kind: str
    year: int
    path: Path
    key: str
    rows: int
    repeated: int


def check_tables(source: Source) -> list[CheckedTable]:
    """Check processed tables against their contracts; nothing is uploaded.

    Raises:
        DataError: One breaks its contract.
    """
    from bikecast.tables import checked_weather, repaired

    hourly = [_checked("hourly", y, path, citibike_key(y), repaired) for y, path in source.hourly.items()]
    weather = [
        _checked("weather", y, path, weather_key(y), checked_weather) for y, path in source.weather.items()
    ]
    return sorted([*hourly, *weather], key=lambda table: table.year)


def _checked(
    kind: str, year: int, path: Path, key: str, check: "Callable[[pd.DataFrame], pd.DataFrame]"
) -> CheckedTable:
    raw = _read_table(path)
    return CheckedTable(kind, year, path, key, rows=len(raw), repeated=len(raw) - len(check(raw)))


def upload_tables(bucket: Bucket, source: Source, tables: list[CheckedTable]) -> dict[str, Any]:
    """Upload checked tables as they are and return the load report."""
    report: dict[str, Any] = {"kind": "processed tables", "simulated": source.is_simulated}
    report |= {"hourly": [], "weather": []}
    for table in tables:
        uploaded = bucket.put(table.path, table.key)
        row = {"year": table.year, "file": str(table.path), "rows": table.rows, "repeated": table.repeated}
        report[table.kind].append(row | {"uploaded": uploaded})
    return report


def _read_table(path: Path) -> "pd.DataFrame":
    import pandas as pd
    from pyarrow import ArrowInvalid

    try:
        return pd.read_parquet(io.BytesIO(path.read_bytes()))
    except (ArrowInvalid, OSError) as err:
        raise DataError(f"{path} is no readable parquet file: {err}") from err


def ingest(
    cloud: Cloud, *, files: list[str], months: list[str] | None = None, force: bool = False
) -> dict[str, Any]:
    """Run the ingest state machine over these keys under ``raw/`` and return its load report.

    Raises:
        ExecutionError: The ingestion failed; the error brings the report that was stored nonetheless.
    """
    machine = read_stack_outputs(cloud.cloudformation).require(Output.INGEST_STATE_MACHINE_ARN)
    payload = {"files": files, "months": months, "force": force}
    began = dt.datetime.now(dt.UTC)
    arn = start_execution(cloud.stepfunctions, machine, payload=payload, kind="ingest")
    try:
        output = watch(cloud, arn, title="ingest").output
    except ExecutionError as err:
        report = _report_since(data_bucket(cloud), began)
        raise ExecutionError(str(err), arn=err.arn, report=report) from err
    return output if isinstance(output, dict) else {"report": output}


def _report_since(bucket: Bucket, began: dt.datetime) -> dict[str, Any] | None:
    """Return the report that a failed load still stored."""
    if not bucket.has(LATEST_LOAD_REPORT_KEY):
        return None
    report: dict[str, Any] = json.loads(bucket.read(LATEST_LOAD_REPORT_KEY))
    return report if dt.datetime.fromisoformat(report["finished_at"]) >= began else None

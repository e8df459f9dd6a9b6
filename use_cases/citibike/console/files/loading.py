"""Loading data: processed tables as they are, trip files by the ingest state machine."""

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from bikecast.names import Output, Step
from bikecast.storage import S3Store
from console import ui
from console.cloud.champions import champion_exists
from console.cloud.outputs import read_stack_outputs
from console.cloud.session import Cloud
from console.data.buckets import Bucket, data_bucket
from console.data.replacing import retire_replaced
from console.errors import ExecutionError
from console.executions.executions import start_execution
from console.executions.following import watch
from console.executions.operations import operate
from use_cases.citibike.console.files.replacing import replacing_simulated
from use_cases.citibike.console.files.sources import Source
from use_cases.citibike.console.files.tables import check_tables, upload_tables
from use_cases.citibike.console.files.uploading import upload_files
from use_cases.citibike.keys import LATEST_LOAD_REPORT_KEY

_SHOWN_FILES = 5


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
    left_alone = [path.relative_to(source.root).as_posix() for path in source.not_loaded]
    if left_alone:
        ui.note(f"not loaded: {', '.join(left_alone[:_SHOWN_FILES])}{_more(left_alone)}")
    tables = check_tables(source) if source.is_processed else None
    with replacing_simulated(cloud, source, agreed=replace_simulated):
        if tables is not None:
            report = upload_tables(bucket, source, tables)
            _note_tables(bucket)
        else:
            report = ingest(cloud, files=upload_files(bucket, source), months=months, force=force)
    if not source.is_simulated:
        retire_replaced(cloud)
    if source.is_processed and champion_exists(cloud):
        follow_demand(cloud)
    return report | {"left_alone": left_alone}


def _note_tables(bucket: Bucket) -> None:
    from use_cases.citibike.data_coverage import note_tables

    note_tables(S3Store(bucket.cloud.s3, bucket.name))


def _more(names: list[str]) -> str:
    return f" and {len(names) - _SHOWN_FILES} more" if len(names) > _SHOWN_FILES else ""


def declare_closed(cloud: Cloud, closures: Sequence[str]) -> dict[str, Any]:
    """Write down hours in which the system was shut, which training leaves out.

    Raises:
        InputError: One is not a stretch of hours or days.
    """
    from use_cases.citibike.tables.closures import declare_closures, parse_closure

    stretches = [parse_closure(text) for text in closures]
    known = declare_closures(S3Store(cloud.s3, data_bucket(cloud).name), stretches)
    return {"closed": [str(closure) for closure in known.declared]}


def follow_demand(cloud: Cloud) -> None:
    """Let new demand meet what was predicted for it; the champion's level moves too, as ingestion does it."""
    operate(cloud, Step.REFRESH_LEVEL, payload={})
    operate(cloud, Step.RECORD_ACTUALS, payload={})


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

"""Step ``load-files`` of declared use cases: files into the checked table, actual values to predictions."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from bikecast.database import connect
from bikecast.errors import DataError
from bikecast.examples import (
    LoadReport,
    judged_otherwise,
    load_files,
    read_table,
    stored_files,
    target_of,
)
from bikecast.monitoring.actuals import Actual, ActualsOf
from bikecast.monitoring.findings.summary import write_summary
from bikecast.requests import parse_request
from bikecast.use_case import Regression, UseCase
from bikecast.use_case.rows import row_key
from training_job.migrations import migrate
from training_job.runtime.context import Context

if TYPE_CHECKING:
    import pandas as pd

APPLICATION = "load-files"
Row = tuple[Any, ...]


class LoadInput(BaseModel):
    """Which files; all that were uploaded if none are named.

    ``forget_simulated`` takes what the simulator gave out of the table, once something else was read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[str, ...] | None = None
    force: bool = False
    forget_simulated: bool = False


def run(context: Context, use_case: UseCase, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the load's report; what could not be read is named in it."""
    request = parse_request(LoadInput, dict(payload))
    again = judged_otherwise(context.data, use_case)  # by an earlier declaration
    sources = [
        source
        for source in stored_files(context.data, use_case.name)
        if request.files is None or source.name in request.files or source.name in again
    ]
    report = load_files(
        context.data,
        use_case,
        sources,
        now=context.clock(),
        force=request.force,
        replace_simulated=request.forget_simulated,
    )
    changed = _record(context, use_case, report)
    return {**report.model_dump(mode="json"), "changed_truth": changed}


def _record(context: Context, use_case: UseCase, report: LoadReport) -> int:
    """Let truth that has arrived meet what was predicted for it; return how many rows changed."""
    if not use_case.examples.key or not report.partitions:
        return 0
    try:
        frame = read_table(context.data, use_case, named=sorted(report.partitions))
    except DataError:
        return 0  # every partition that was touched is empty now
    migrate(context.database)
    now = context.clock()
    with connect(context.database, application=APPLICATION) as connection:
        truth = ActualsOf(connection, use_case.name, is_number=isinstance(use_case.task, Regression))
        recorded = truth.record(_actuals(use_case, frame), now=now)
        truth.late_predictions(now=now)
        connection.commit()
        write_summary(use_case.name, context.serving, context.reports, connection, now=now)
    return recorded.changed_rows


def _actuals(use_case: UseCase, table: "pd.DataFrame") -> Iterator[Actual]:
    """Yield the truth of rows that have a key; the others can never meet a prediction."""
    frame = table.dropna(subset=list(use_case.examples.key))
    time = use_case.examples.time
    moments = frame[time].dt.to_pydatetime() if time is not None else [None] * len(frame)
    keys = zip(*(frame[name].tolist() for name in use_case.examples.key), strict=True)
    for values, moment, value in zip(keys, moments, target_of(use_case, frame), strict=True):
        key = row_key(values)
        assert key is not None
        yield Actual(key, moment, float(value))

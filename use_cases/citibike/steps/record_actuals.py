"""Step ``record-actuals``: demand that has arrived meets what was predicted for it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bikecast.database import connect
from bikecast.errors import DataError
from bikecast.monitoring.findings.summary import write_summary
from bikecast.names import Prefix
from training_job.migrations import migrate
from training_job.runtime import training_sets
from training_job.runtime.context import Context
from use_cases.citibike.monitoring.actuals import demand_rows, hourly_actuals
from use_cases.citibike.tables.hourly import repaired

APPLICATION = "record-actuals"


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG001 - every step is called alike
    """Return how many hours changed and which versions' live errors were computed anew.

    All loaded hours are compared with what is recorded: ten years are less than 100,000 rows, and a load
    may correct any of them.

    Raises:
        DataError: No hourly demand is loaded.
    """
    hourly = _all_hours(context)
    migrate(context.database)
    now = context.clock()
    with connect(context.database, application=APPLICATION) as connection:
        truth = hourly_actuals(connection)
        recorded = truth.record(demand_rows(hourly), now=now)
        late = truth.late_predictions(now=now)
        connection.commit()
        write_summary(context.use_case, context.serving, context.reports, connection, now=now)
    versions = sorted({*recorded.versions, *late})
    until = hourly["date"].max().date().isoformat()
    return {"changed_hours": recorded.changed_rows, "versions": versions, "until": until}


def _all_hours(context: Context) -> pd.DataFrame:
    keys = [key for key in context.data.keys(Prefix.PROCESSED_CITIBIKE) if key.endswith(".parquet")]
    if not keys:
        raise DataError("no hourly demand is loaded; load data first (`bikecast load`)")
    return repaired(
        pd.concat([training_sets.read_frame(context.data, key) for key in keys], ignore_index=True)
    )

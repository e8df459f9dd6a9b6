"""Step ``record-actuals``: demand that has arrived meets what was predicted for it."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from bikecast.database import connect
from bikecast.monitoring.actuals import late_predictions, record_actuals
from bikecast.monitoring.summary import write_summary
from bikecast.requests import parse_request
from bikecast.tables import read_hourly
from training_job import dataset
from training_job.context import Context
from training_job.migrations import migrate

APPLICATION = "record-actuals"
# Trip files come monthly, and the last hours of a month with the next one's.
USUAL_DAYS = 70


class RecordInput(BaseModel):
    """Which days to record; the newest ten weeks of data if absent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: dt.date | None = None
    end: dt.date | None = None


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return how many hours changed and which versions' live errors were computed anew.

    Raises:
        DataError: There is no hourly demand for these days.
    """
    request = parse_request(RecordInput, dict(payload))
    migrate(context.database)
    end = request.end or dataset.latest_day(context.data)
    start = request.start or end - dt.timedelta(days=USUAL_DAYS)
    hourly = read_hourly(context.data, start, end)
    now = context.clock()
    with connect(context.database, application=APPLICATION) as connection:
        recorded = record_actuals(connection, hourly, data_hash=None, now=now)
        late = late_predictions(connection, now=now)
        connection.commit()
        write_summary(context.serving, context.reports, connection, now=now)
    versions = sorted({*recorded.versions, *late})
    return {"changed_hours": recorded.changed_hours, "versions": versions, "until": end.isoformat()}

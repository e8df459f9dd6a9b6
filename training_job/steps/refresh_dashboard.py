"""Step ``refresh-dashboard``: write anew what the dashboard shows, after a promotion or a rollback."""

from collections.abc import Mapping
from typing import Any

from bikecast.database import connect
from bikecast.monitoring.summary import write_summary
from bikecast.names import DASHBOARD_SUMMARY_KEY
from training_job.context import Context
from training_job.migrations import migrate


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG001 - every step is called alike
    """Return the address of the summary."""
    migrate(context.database)
    with connect(context.database, application="refresh-dashboard") as connection:
        write_summary("citibike", context.serving, context.reports, connection, now=context.clock())
    return {"summary": context.reports.uri(DASHBOARD_SUMMARY_KEY)}

"""Step ``refresh-dashboard``: after a promotion or a rollback, close what it settles and show it."""

from collections.abc import Mapping
from typing import Any

from bikecast.database import connect
from bikecast.monitoring.findings.incidents import close_superseded
from bikecast.monitoring.findings.summary import write_summary
from bikecast.names import DASHBOARD_SUMMARY_KEY
from bikecast.registry.champion_store import ChampionStore
from training_job.migrations import migrate
from training_job.runtime.context import Context


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG001 - every step is called alike
    """Return the address of the summary."""
    migrate(context.database)
    now, version = context.clock(), ChampionStore(context.serving).look().version
    with connect(context.database, application="refresh-dashboard") as connection:
        if version is not None:
            close_superseded(connection, context.use_case, version, now=now)
        write_summary(context.use_case, context.serving, context.reports, connection, now=now)
    return {"summary": context.reports.uri(DASHBOARD_SUMMARY_KEY)}

"""Judge windows of predictions and data, where the monitor is not a function of its own."""

import logging
from collections.abc import Mapping
from typing import Any

from bikecast.database import DatabaseSettings
from bikecast.names import DatabaseRole
from training_job.runtime.context import Context

logger = logging.getLogger(__name__)
LOGGED = ("window_start", "window_end", "model_version", "verdict", "severity", "source", "report_key")


def run(context: Context, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the monitor machine acts on: verdicts, events and perhaps a retraining.

    Raises:
        InputError: The request breaks its contract; every bad field is named.
    """
    # The statistics library is not in the image of the other steps.
    from bikecast.database import connect
    from bikecast.monitoring.choice import watch_of
    from bikecast.monitoring.findings.verdicts import answer
    from bikecast.monitoring.requests import MonitorRequest
    from bikecast.monitoring.run import Ports, monitor
    from bikecast.requests import parse_request

    database = monitor_login(context.database)
    ports = Ports(
        data=context.data,
        serving=context.serving,
        reports=context.reports,
        connect=lambda: connect(database, application="monitor_drift"),
    )
    request = parse_request(MonitorRequest, dict(payload))
    verdicts = list(monitor(request, ports, watch_of(context.use_case)))
    for verdict in verdicts:
        logger.info("window judged: %s", {name: verdict[name] for name in LOGGED})
    return answer(verdicts)


def monitor_login(database: DatabaseSettings) -> DatabaseSettings:
    """Return the monitor's own login: with its role's secret, or by token where it has none."""
    role = DatabaseRole.MONITOR
    login = {"user": role.value, "password": None, "secret_arn": database.role_secrets.get(role)}
    return database.model_copy(update=login)

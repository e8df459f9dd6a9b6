"""The monitor's last summary, read from the reports bucket; incidents and the automation switch."""

import getpass
import json
from typing import Any

from bikecast.errors import DeploymentError, InputError
from bikecast.names import DASHBOARD_SUMMARY_KEY, Step
from bikecast.registry.automation import read_switch
from bikecast.storage import MissingObjectError
from console.cloud.session import Cloud
from console.cloud.stores import reports_store, serving_store
from console.executions.operations import operate


def read_summary(cloud: Cloud, *, refresh: bool = False) -> dict[str, Any]:
    """Return the summary as it was last written, or written anew.

    Raises:
        DeploymentError: The monitor never ran.
    """
    if refresh:
        operate(cloud, Step.REFRESH_DASHBOARD, payload={})
    try:
        summary: dict[str, Any] = json.loads(reports_store(cloud).read(DASHBOARD_SUMMARY_KEY).body)
    except MissingObjectError as err:
        raise DeploymentError("the monitor never ran: `bikecast drift` runs it") from err
    return summary


def incident_row(incident: dict[str, Any]) -> dict[str, Any]:
    """Return one line of the list of incidents."""
    return {
        "id": incident["id"],
        "status": incident["status"],
        "kind": incident["kind"],
        "severity": incident["severity"],
        "model": f"{incident['model_version']} (retired)"
        if incident["retired"]
        else incident["model_version"],
        "opened": str(incident["opened_at"])[:16],
        "closed": str(incident["closed_at"])[:16] if incident.get("closed_at") else None,
        "why": incident["reason"],
    }


def window_row(window: dict[str, Any], *, metric: str | None) -> dict[str, Any]:
    """Return one line of the list of windows, with the primary metric."""
    wape = window.get("wape")
    return {
        "from": str(window["window_start"])[:10],
        "model": window["model_version"],
        "verdict": window["verdict"],
        metric or "metric": window.get("metric_value"),
        "WAPE %": None if wape is None else f"{100 * wape:.1f}",
        "drifted": window.get("num_drifted_columns"),
    }


def close_incident(cloud: Cloud, incident: str, *, reason: str) -> Any:
    """Close one open incident and return it.

    Raises:
        InputError: No incident with this id is open.
    """
    if incident not in _open_incidents(read_summary(cloud)):
        found = _open_incidents(read_summary(cloud, refresh=True))
        if incident not in found:
            listed = f"open are {', '.join(found)}" if found else "none is open"
            raise InputError(f"no open incident has the id {incident}: {listed}")
    payload = {"incident": incident, "reason": reason, "actor": getpass.getuser()}
    return operate(cloud, Step.CLOSE_INCIDENT, payload=payload)


def _open_incidents(summary: dict[str, Any]) -> list[str]:
    return [incident["id"] for incident in summary["incidents"] if incident["status"] == "open"]


def resume_automation(cloud: Cloud, *, reason: str) -> Any:
    """Allow promotion again and return what changed; nothing is started where promotion is not paused."""
    if not read_switch(serving_store(cloud)).paused:
        return {"resumed": False, "events": []}
    return operate(cloud, Step.RESUME_AUTOMATION, payload={"reason": reason, "actor": getpass.getuser()})

"""Incidents: opened by an alarm, kept open while it lasts, closed after n quiet windows or a new champion."""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bikecast.drift import DriftLimits, Judgement, Kind
from bikecast.errors import InputError
from bikecast.monitoring.windows import Window
from bikecast.names import Event

if TYPE_CHECKING:
    import psycopg

EVENT_OF_KIND = {
    Kind.DRIFT: Event.DRIFT_DETECTED,
    Kind.QUALITY: Event.DRIFT_DETECTED,
    Kind.PERFORMANCE: Event.PERFORMANCE_DEGRADED,
}


@dataclass(frozen=True)
class Incident:
    """One alarm that a person should know of."""

    id: str
    kind: Kind
    reason: str


def incident_id(use_case: str, version: str, kind: Kind, window: Window) -> str:
    """Return the same id for the same alarm, so that a repeated run opens nothing twice."""
    text = f"{use_case}|{version}|{kind}|{window.start.isoformat()}|{window.end.isoformat()}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def update_incidents(
    connection: "psycopg.Connection",
    use_case: str,
    version: str,
    window: Window,
    *,
    judgement: Judgement,
    thresholds: DriftLimits,
    now: dt.datetime,
) -> list[Incident]:
    """Open, prolong and close a version's incidents; return those that were opened now."""
    opened = [
        incident
        for kind in sorted(judgement.alarms)
        if (incident := _open(connection, use_case, version, window, kind, judgement, thresholds, now))
        is not None
    ]
    quiet_since = window.end - (window.end - window.start) * thresholds.windows_seen
    connection.execute(
        "update monitoring.incidents set status = 'closed', closed_at = %(now)s, closed_reason = %(why)s"
        " where status = 'open' and use_case = %(use_case)s and model_version = %(version)s"
        " and window_end <= %(quiet_since)s"
        " and kind <> all(%(alarms)s)",
        {
            "now": now,
            "why": f"{thresholds.windows_seen} windows without this alarm",
            "use_case": use_case,
            "version": version,
            "quiet_since": quiet_since,
            "alarms": [str(kind) for kind in judgement.alarms],
        },
    )
    return opened


def close_incident(
    connection: "psycopg.Connection", incident: str, *, reason: str, actor: str, now: dt.datetime
) -> None:
    """Close one open incident because a person says so; a pause that it caused stays.

    Raises:
        InputError: There is no such incident, or it is closed already.
    """
    found = connection.execute(
        "select status, closed_at, closed_reason from monitoring.incidents where id = %s for update",
        (incident,),
    ).fetchone()
    if found is None:
        raise InputError(f"incident: there is none with the id {incident!r}: `bikecast incidents` lists them")
    if found[0] != "open":
        raise InputError(f"incident: {incident} was closed at {found[1]:%Y-%m-%d %H:%M}: {found[2]}")
    connection.execute(
        "update monitoring.incidents set status = 'closed', closed_at = %s, closed_reason = %s where id = %s",
        (now, f"closed by {actor}: {reason}", incident),
    )


def open_incident(connection: "psycopg.Connection", use_case: str, version: str, kind: Kind) -> str | None:
    """Return the id of the version's open incident of a kind."""
    row = connection.execute(
        "select id from monitoring.incidents"
        " where use_case = %s and model_version = %s and kind = %s and status = 'open'",
        (use_case, version, kind),
    ).fetchone()
    return None if row is None else str(row[0])


def close_superseded(
    connection: "psycopg.Connection", use_case: str, version: str, *, now: dt.datetime
) -> None:
    """Close the open incidents of versions that no longer serve."""
    connection.execute(
        "update monitoring.incidents set status = 'closed', closed_at = %s, closed_reason = %s"
        " where status = 'open' and use_case = %s and model_version <> %s",
        (now, f"version {version} serves now", use_case, version),
    )


def _open(
    connection: "psycopg.Connection",
    use_case: str,
    version: str,
    window: Window,
    kind: Kind,
    judgement: Judgement,
    thresholds: DriftLimits,
    now: dt.datetime,
) -> Incident | None:
    over = {n: round(r, 3) for n, r in judgement.unusual.items() if thresholds.limits[n].kind is kind}
    incident = Incident(incident_id(use_case, version, kind, window), kind, "; ".join(judgement.alarms[kind]))
    values: dict[str, Any] = {
        "id": incident.id,
        "use_case": use_case,
        "version": version,
        "kind": kind,
        "severity": max(over.values()),
        "reason": incident.reason,
        "start": window.start,
        "end": window.end,
        "now": now,
        "evidence": json.dumps({"times_over_limit": over, "verdict": judgement.verdict}),
    }
    row = connection.execute(UPSERT, values).fetchone()
    return incident if row is not None and row[0] == incident.id and row[1] else None


# An alarm that is already open is prolonged; one that was closed for this very window stays closed.
UPSERT = """
insert into monitoring.incidents
    (id, use_case, model_version, kind, severity, reason, window_start, window_end, opened_at, evidence)
select %(id)s, %(use_case)s, %(version)s, %(kind)s, %(severity)s, %(reason)s, %(start)s, %(end)s,
    %(now)s, %(evidence)s
where not exists (select from monitoring.incidents where id = %(id)s and status = 'closed')
on conflict (use_case, model_version, kind) where status = 'open' do update set
    severity = greatest(incidents.severity, excluded.severity),
    window_end = greatest(incidents.window_end, excluded.window_end),
    evidence = excluded.evidence
returning id, xmax = 0
"""


def list_incidents(
    connection: "psycopg.Connection", *, use_case: str, limit: int = 50
) -> list[dict[str, Any]]:
    """Return incidents, open ones first, then the newest."""
    columns = (
        "id, model_version, kind, status, severity, reason, window_start, window_end,"
        " opened_at, closed_at, closed_reason, evidence"
    )
    query = (
        f"select {columns} from monitoring.incidents where use_case = %s"  # noqa: S608 - own names
        " order by status = 'closed', opened_at desc limit %s"
    )
    cursor = connection.execute(query.encode(), (use_case, limit))
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor]

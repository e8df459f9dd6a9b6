"""One run of the monitor: load, score, judge, report, store, act; what is stored is all or nothing."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bikecast.drift import Kind, WindowVerdict
from bikecast.monitoring.findings.incidents import close_superseded, open_incident, update_incidents
from bikecast.monitoring.findings.store import lock_window, traffic, write_window
from bikecast.monitoring.findings.summary import write_summary
from bikecast.monitoring.findings.verdicts import (
    RETRAIN,
    Acted,
    action,
    incident_event,
    pause_event,
    verdict_json,
)
from bikecast.monitoring.recent import keep_recent
from bikecast.monitoring.reports.uploads import upload
from bikecast.monitoring.requests import MonitorRequest
from bikecast.monitoring.watch import Examined, Ports, Watch, WatchedChampion, Watching, WindowRows
from bikecast.monitoring.windows import Window
from bikecast.registry.automation import MONITOR, ask_for_retraining, pause

if TYPE_CHECKING:
    import psycopg

ONE_DAY = dt.timedelta(days=1)
_STOPPING = (Kind.PERFORMANCE, Kind.DRIFT)  # what may be severe, the first that is open

__all__ = ["Ports", "monitor"]


def monitor(request: MonitorRequest, ports: Ports, watch: Watch) -> Iterator[dict[str, Any]]:
    """Judge each asked window, oldest first, and yield its verdict as soon as it is stored.

    Each window is one transaction: rows, incidents and the pause are stored together or not at all, and
    two runs of one window follow each other.

    Raises:
        InputError: The windows make no sense, or lie beyond the data.
        DataError: No data was loaded yet.
        DeploymentError: There is no champion.
        psycopg.OperationalError: The database is down; nothing of the window is stored.
    """
    with ports.connect() as connection:
        connection.autocommit = True
        windows = watch.windows(request, ports, connection)
        if not windows:
            return
        watching = watch.open(request, ports, connection, windows)
        close_superseded(connection, watch.use_case, watching.champion.version, now=ports.clock())
        for window in windows:
            with connection.transaction():
                verdict = _WindowRun(connection, ports, watch, watching, window).judge(request)
            yield verdict
        write_summary(watch.use_case, ports.serving, ports.reports, connection, now=ports.clock())


@dataclass(frozen=True)
class _WindowRun:
    """One window inside its transaction."""

    connection: "psycopg.Connection"
    ports: Ports
    watch: Watch
    watching: Watching
    window: Window

    @property
    def champion(self) -> WatchedChampion:
        return self.watching.champion

    @property
    def version(self) -> str:
        return self.champion.version

    def judge(self, request: MonitorRequest) -> dict[str, Any]:
        lock_window(self.connection, self.watch.use_case, self.version, self.window)
        source, rows = self.watching.rows_of(self.window)
        examined = self.watching.examine(rows, self.window, pages=request.html)
        now = self.ports.clock()
        row = self._row(examined) | self._ages(rows, now) | {"source": source, "computed_at": now}
        row["report_key"] = upload(self.ports.reports, self.version, self.window, examined)
        write_window(self.connection, row, examined.features)
        is_recent = rows.is_recent(self.window)
        if is_recent and examined.curve is not None:
            keep_recent(self.ports.reports, self.version, examined.curve)
        acting = request.act and is_recent
        return verdict_json(row, examined, self._act(request, examined, row) if acting else Acted())

    def _ages(self, rows: WindowRows, now: dt.datetime) -> dict[str, float | None]:
        until = rows.actual_until()
        wall = now.astimezone(ZoneInfo(self.watch.time_zone)).replace(tzinfo=None)
        return {
            "model_age_days": round((now - self.champion.published_at) / ONE_DAY, 2),
            "data_age_days": None if until is None else round((wall - until) / ONE_DAY, 2),
        }

    def _row(self, examined: Examined) -> dict[str, Any]:
        limits = self.champion.thresholds.limits
        judgement = examined.judgement
        judged = {
            "use_case": self.watch.use_case,
            "model_version": self.version,
            "window_start": self.window.start,
            "window_end": self.window.end,
            "verdict": str(judgement.verdict),
            "severity": judgement.severity,
            "reasons": list(judgement.reasons),
            "scores": dict(examined.scores),
            "thresholds": {n: round(limits[n].value, 6) for n in examined.scores if n in limits},
            "metrics": dict(examined.metrics),
        }
        counted = traffic(
            self.connection, self.watch.use_case, self.version, self.window, zone=self.watch.time_zone
        )
        return {**judged, **examined.counts, **counted}

    def _act(self, request: MonitorRequest, examined: Examined, row: dict[str, Any]) -> Acted:
        now, use_case = row["computed_at"], self.watch.use_case
        opened = update_incidents(
            self.connection,
            use_case,
            self.version,
            self.window,
            judgement=examined.judgement,
            thresholds=self.champion.thresholds,
            now=now,
        )
        report = None if row["report_key"] is None else self.ports.reports.uri(row["report_key"])
        events = [incident_event(use_case, incident, self.version, report=report) for incident in opened]
        events += self._pause(examined, now)
        alarms = len(examined.judgement.alarms)
        return Acted(alarms, events, self._retraining(request, examined, now))

    def _retraining(
        self, request: MonitorRequest, examined: Examined, now: dt.datetime
    ) -> dict[str, Any] | None:
        if action(examined.judgement) != RETRAIN:
            return None
        reason = "; ".join(examined.judgement.reasons)
        due = ask_for_retraining(
            self.ports.serving, self.connection, use_case=self.watch.use_case, reason=reason, now=now
        )
        return request.retraining(self.watch.use_case) if due else None

    def _pause(self, examined: Examined, now: dt.datetime) -> list[dict[str, Any]]:
        if examined.judgement.verdict is not WindowVerdict.SEVERE:
            return []
        use_case, reason = self.watch.use_case, "; ".join(examined.judgement.reasons)
        incidents = (open_incident(self.connection, use_case, self.version, kind) for kind in _STOPPING)
        incident = next((found for found in incidents if found is not None), None)
        changed = pause(
            self.ports.serving,
            self.connection,
            use_case=use_case,
            reason=reason,
            actor=MONITOR,
            now=now,
            incident_id=incident,
            distrusted=examined.judgement.distrusted,
        )
        if not changed:
            return []
        return [pause_event(use_case, self.version, reason=reason, incident_id=incident)]

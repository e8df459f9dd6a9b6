"""One run of the monitor: load, score, judge, report, store, act; what is stored is all or nothing."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bikecast.drift import Kind, Verdict
from bikecast.monitoring.automation import MONITOR, ask_for_retraining, pause
from bikecast.monitoring.champion import load_champion
from bikecast.monitoring.choice import Sources
from bikecast.monitoring.examine import Examined, examine, lookback_days
from bikecast.monitoring.extent import read_extent
from bikecast.monitoring.incidents import close_superseded, open_incident, update_incidents
from bikecast.monitoring.requests import MonitorRequest
from bikecast.monitoring.sources import Champion, Loaded, Source
from bikecast.monitoring.store import lock_window, traffic, write_window
from bikecast.monitoring.summary import write_summary
from bikecast.monitoring.uploads import upload
from bikecast.monitoring.verdicts import RETRAIN, Acted, action, incident_event, pause_event, verdict_json
from bikecast.monitoring.windows import Window
from bikecast.names import TIME_ZONE
from bikecast.storage import ObjectStore

if TYPE_CHECKING:
    import psycopg

ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Ports:
    """What the monitor touches."""

    data: ObjectStore
    serving: ObjectStore
    reports: ObjectStore
    connect: Callable[[], "psycopg.Connection"]
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)


def monitor(request: MonitorRequest, ports: Ports) -> Iterator[dict[str, Any]]:
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
        windows = _windows(request, ports, connection)
        if not windows:
            return
        champion = load_champion(ports.serving, window_days=windows[0].days)
        lookback = dt.timedelta(days=lookback_days(champion.thresholds))
        span = Window(windows[0].start - lookback, windows[-1].end)
        close_superseded(connection, champion.manifest.version, now=ports.clock())
        sources = Sources(ports.data, connection, champion, span, request.source)
        for window in windows:
            with connection.transaction():
                run = _WindowRun(connection, ports, champion, window)
                verdict = run.judge(request, *sources.of(window))
            yield verdict
        write_summary(ports.serving, ports.reports, connection, now=ports.clock())


def _windows(request: MonitorRequest, ports: Ports, connection: "psycopg.Connection") -> list[Window]:
    asked = request.windows()
    extent = read_extent(ports.data, connection, request.source)
    if asked is None:
        return [extent.latest_week(ports.clock())]
    for window in asked:
        extent.require(window)
    return asked


@dataclass(frozen=True)
class _WindowRun:
    """One window inside its transaction."""

    connection: "psycopg.Connection"
    ports: Ports
    champion: Champion
    window: Window

    @property
    def version(self) -> str:
        return self.champion.manifest.version

    def judge(self, request: MonitorRequest, source: Source, loaded: Loaded) -> dict[str, Any]:
        lock_window(self.connection, self.version, self.window)
        examined = examine(loaded, self.champion, window=self.window, pages=request.html)
        now = self.ports.clock()
        row = self._row(examined) | self._ages(loaded, now) | {"source": str(source), "computed_at": now}
        row["report_key"] = upload(self.ports.reports, self.version, self.window, examined)
        write_window(self.connection, row, examined.features)
        acting = request.act and loaded.is_news(self.window)
        return verdict_json(row, examined, self._act(request, examined, row) if acting else Acted())

    def _ages(self, loaded: Loaded, now: dt.datetime) -> dict[str, float | None]:
        published = self.champion.manifest.published_at
        until = loaded.actual_until()
        wall = now.astimezone(ZoneInfo(TIME_ZONE)).replace(tzinfo=None)
        return {
            "model_age_days": round((now - published) / ONE_DAY, 2),
            "data_age_days": None if until is None else round((wall - until) / ONE_DAY, 2),
        }

    def _row(self, examined: Examined) -> dict[str, Any]:
        limits = self.champion.thresholds.limits
        judgement = examined.judgement
        said = {
            "model_version": self.version,
            "window_start": self.window.start,
            "window_end": self.window.end,
            "verdict": str(judgement.verdict),
            "severity": judgement.severity,
            "reasons": list(judgement.reasons),
            "scores": dict(examined.scores),
            "thresholds": {n: round(limits[n].value, 6) for n in examined.scores if n in limits},
        }
        counted = traffic(self.connection, self.version, self.window)
        return {**said, **examined.metrics, **examined.counts, **counted}

    def _act(self, request: MonitorRequest, examined: Examined, row: dict[str, Any]) -> Acted:
        now = row["computed_at"]
        opened = update_incidents(
            self.connection,
            self.version,
            self.window,
            judgement=examined.judgement,
            thresholds=self.champion.thresholds,
            now=now,
        )
        report = None if row["report_key"] is None else self.ports.reports.uri(row["report_key"])
        events = [incident_event(incident, self.version, report=report) for incident in opened]
        events += self._pause(examined, now)
        alarms = len(examined.judgement.alarms)
        return Acted(alarms, events, self._retraining(request, examined, now))

    def _retraining(
        self, request: MonitorRequest, examined: Examined, now: dt.datetime
    ) -> dict[str, Any] | None:
        if action(examined.judgement) != RETRAIN:
            return None
        reason = "; ".join(examined.judgement.reasons)
        due = ask_for_retraining(self.ports.serving, self.connection, reason=reason, now=now)
        return request.retraining() if due else None

    def _pause(self, examined: Examined, now: dt.datetime) -> list[dict[str, Any]]:
        if examined.judgement.verdict is not Verdict.SEVERE:
            return []
        reason = "; ".join(examined.judgement.reasons)
        incident = open_incident(self.connection, self.version, Kind.PERFORMANCE)
        changed = pause(
            self.ports.serving, self.connection, reason=reason, actor=MONITOR, now=now, incident_id=incident
        )
        return [pause_event(self.version, reason=reason, incident_id=incident)] if changed else []

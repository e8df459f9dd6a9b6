"""How the monitor watches a declared use case: windows of days, or of the newest rows."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bikecast.drift import DriftLimits
from bikecast.monitoring.limits.limits import RowLimits
from bikecast.monitoring.requests import MonitorRequest
from bikecast.monitoring.rows.captured import last_known_day, load_captured, newest_window
from bikecast.monitoring.rows.examine import examine_rows
from bikecast.monitoring.scored import ScoredRows
from bikecast.monitoring.watch import Examined, Ports
from bikecast.monitoring.windows import RECENT, WEEK, RowWindow, Source, Window, last_complete_days, today
from bikecast.use_case import UseCase

if TYPE_CHECKING:
    import psycopg

TIME_ZONE = "UTC"


@dataclass(frozen=True)
class RowsChampion:
    """What the monitor needs of one model version.

    Attributes:
        version: As the registry numbers it.
        published_at: Aware UTC.
        reference: The training sample, scored out of sample, ascending where rows have a time.
        limits: Learnt from it.
        score: Puts the model's answers beside loaded rows of a span of days; None where rows have no time.
    """

    version: str
    published_at: dt.datetime
    reference: ScoredRows
    limits: RowLimits
    score: Callable[[Window], ScoredRows] | None = None

    @property
    def thresholds(self) -> DriftLimits:
        """Those of the smallest window, for what is the same at every size."""
        return self.limits.of(self.limits.fewest_rows)


@dataclass(frozen=True)
class WindowOfRows:
    """The rows of one window and of those before it."""

    current: ScoredRows
    earlier: tuple[ScoredRows, ...]
    newest: np.datetime64

    def is_recent(self, window: Window) -> bool:
        """Tell whether a window ends in the last two weeks of known rows."""
        return bool(np.datetime64(window.end) > self.newest - np.timedelta64(RECENT))

    def actual_until(self) -> dt.datetime | None:
        """Return the time of the last row whose truth is known."""
        known = self.current.timestamp[~np.isnan(self.current[self.current.target])]
        return known.max().astype("datetime64[s]").astype(dt.datetime) if len(known) else None


@dataclass(frozen=True)
class RowsWatch:
    """The watch of one declared use case.

    Attributes:
        declaration: The use case.
        load_champion: Fetches and checks the champion with its reference and limits. Raises
            ``DeploymentError`` where there is none.
    """

    declaration: UseCase
    load_champion: Callable[[Ports], RowsChampion]
    time_zone: str = TIME_ZONE

    @property
    def use_case(self) -> str:
        """Its name."""
        return self.declaration.name

    def windows(
        self, request: MonitorRequest, ports: Ports, connection: "psycopg.Connection"
    ) -> Sequence[Window]:
        """Return the days that are named, else the newest rows or the last days that have any."""
        n_rows = request.window_rows or self.declaration.monitoring.window_rows
        named = request.windows()
        if named is not None:
            return named
        if n_rows is None:
            days = self.declaration.monitoring.window_days or WEEK.days
            return [last_complete_days(self._end(ports, connection), days=days)]
        version = self.load_champion(ports).version
        newest = newest_window(connection, self.use_case, version, n_rows=n_rows)
        return [] if newest is None else [newest]

    def _end(self, ports: Ports, connection: "psycopg.Connection") -> dt.date:
        """Return the day after the last one with rows; none is looked for after today."""
        end = today(ports.clock(), zone=self.time_zone)
        known = last_known_day(connection, self.use_case)
        return end if known is None else min(end, known + dt.timedelta(days=1))

    def open(
        self,
        request: MonitorRequest,
        ports: Ports,
        connection: "psycopg.Connection",
        windows: Sequence[Window],  # noqa: ARG002 - each window loads its own rows
    ) -> "RowsWatching":
        """Load the champion."""
        return RowsWatching(self.declaration, self.load_champion(ports), connection, request.source)


@dataclass(frozen=True)
class RowsWatching:
    """One champion over some windows."""

    declaration: UseCase
    champion: RowsChampion
    connection: "psycopg.Connection"
    wanted: Source | None

    def rows_of(self, window: Window) -> tuple[str, WindowOfRows]:
        """Return the prediction log where it has enough rows of the window, else scored data."""
        captured = self._captured(window)
        covered = len(captured) >= self.champion.limits.fewest_rows or self.champion.score is None
        source = self.wanted or (Source.PREDICTIONS if covered else Source.PROCESSED)
        load: Callable[[Window], ScoredRows] = self._captured
        if source is Source.PROCESSED and self.champion.score is not None:
            load = self.champion.score
        current = captured if load == self._captured else load(window)
        earlier = tuple(load(before) for before in self._before(window))
        newest = current.timestamp.max() if len(current) else np.datetime64("NaT")
        return str(source), WindowOfRows(current, earlier, newest)

    def examine(self, rows: WindowOfRows, window: Window, *, pages: bool) -> Examined:  # noqa: ARG002 - the protocol's
        """Score one window against the training sample."""
        return examine_rows(
            self.declaration,
            rows.current,
            earlier=rows.earlier,
            reference=self.champion.reference,
            thresholds=self.champion.limits.of(len(rows.current)),
            fewest_rows=min(self.champion.limits.fewest_rows, self._fewest()),
            labels={"model_version": self.champion.version} if pages else None,
        )

    def _fewest(self) -> int:
        return self.declaration.monitoring.window_rows or self.champion.limits.fewest_rows

    def _captured(self, window: Window) -> ScoredRows:
        return load_captured(self.connection, self.declaration, self.champion.version, span=window)

    def _before(self, window: Window) -> list[Window]:
        """Return the windows that the k-of-n rule looks back at, the newest first."""
        found: list[Window] = []
        last = window
        for _ in range(self.champion.thresholds.windows_seen - 1):
            earlier = self._one_before(last)
            if earlier is None:
                break
            found.append(earlier)
            last = earlier
        return found

    def _one_before(self, window: Window) -> Window | None:
        if not isinstance(window, RowWindow):
            return window.before(window.days)
        return newest_window(
            self.connection,
            self.declaration.name,
            self.champion.version,
            n_rows=window.n_rows,
            before=window,
        )

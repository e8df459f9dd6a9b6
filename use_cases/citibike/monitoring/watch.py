"""How the monitor watches hourly demand: weeks of wall time, the season, the log or the processed tables."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bikecast.monitoring.requests import MonitorRequest
from bikecast.monitoring.watch import Examined, Ports
from bikecast.monitoring.windows import Source, Window
from bikecast.names import TIME_ZONE
from use_cases.citibike.monitoring.champion import load_champion
from use_cases.citibike.monitoring.clock import expected_hours
from use_cases.citibike.monitoring.examine import examine, lookback_days
from use_cases.citibike.monitoring.extent import COVERED_SHARE, read_extent
from use_cases.citibike.monitoring.sources import Champion, Loaded, load_predictions, load_processed

if TYPE_CHECKING:
    import psycopg


class HourlyWatch:
    """The watch of hourly demand."""

    use_case = "citibike"
    time_zone = TIME_ZONE

    def windows(
        self,
        request: MonitorRequest,
        ports: Ports,
        connection: "psycopg.Connection",
    ) -> list[Window]:
        """Return the windows to judge, in order; the last complete week of the data if none are named."""
        asked = request.windows()
        extent = read_extent(ports.data, connection, request.source)
        if asked is None:
            return [extent.latest_week(ports.clock())]
        for window in asked:
            extent.require(window)
        return asked

    def open(
        self,
        request: MonitorRequest,
        ports: Ports,
        connection: "psycopg.Connection",
        windows: Sequence[Window],
    ) -> "HourlyWatching":
        """Load the champion; the sources are loaded when a window first needs them."""
        champion = load_champion(ports.serving, window_days=windows[0].days)
        lookback = dt.timedelta(days=lookback_days(champion.thresholds))
        span = Window(windows[0].start - lookback, windows[-1].end)
        return HourlyWatching(ports, connection, champion, span, request.source)


@dataclass
class HourlyWatching:
    """Both sources over one span of days, each loaded when it is first needed.

    Attributes:
        ports: Where the tables are.
        connection: To the prediction log.
        champion: Whose predictions are judged.
        span: All windows and the days before them that judging needs.
        wanted: Only this source; None leaves the choice to each window.
    """

    ports: Ports
    connection: "psycopg.Connection"
    champion: Champion
    span: Window
    wanted: Source | None

    def rows_of(self, window: Window) -> tuple[str, Loaded]:
        """Return the prediction log where it covers the window, else processed data."""
        source = self.wanted or (Source.PREDICTIONS if self._is_covered(window) else Source.PROCESSED)
        return str(source), self._captured if source is Source.PREDICTIONS else self._processed

    def examine(self, rows: Loaded, window: Window, *, pages: bool) -> Examined:
        """Score one window against its season."""
        return examine(rows, self.champion, window=window, pages=pages)

    def _is_covered(self, window: Window) -> bool:
        hours = np.unique(self._captured.hours.between(*window.edges).timestamp)
        return len(hours) >= COVERED_SHARE * expected_hours(window)

    @cached_property
    def _captured(self) -> Loaded:
        loaded = load_predictions(self.connection, self.champion.version, span=self.span)
        hours, level = loaded.hours, self.champion.forecaster.level
        return replace(loaded, hours=hours.with_factors(level.factors(hours.timestamp)))

    @cached_property
    def _processed(self) -> Loaded:
        return load_processed(self.ports.data, self.champion, span=self.span)


WATCH = HourlyWatch()

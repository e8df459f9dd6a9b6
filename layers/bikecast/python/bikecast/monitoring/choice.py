"""Which source a window is judged by: the prediction log where it covers the window, else processed data."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bikecast.monitoring.sources import Champion, Loaded, Source, load_predictions, load_processed
from bikecast.monitoring.windows import Window
from bikecast.storage import ObjectStore

if TYPE_CHECKING:
    import psycopg

# A handful of questions about a week is traffic, but no sample of the week.
COVERED_SHARE = 0.5


@dataclass
class Sources:
    """Both sources over one span of days, each loaded when it is first needed.

    Args:
        data: The data bucket.
        connection: To the prediction log.
        champion: Whose predictions are judged.
        span: All windows and the days before them that judging needs.
        wanted: Only this source; None leaves the choice to each window.
    """

    data: ObjectStore
    connection: "psycopg.Connection"
    champion: Champion
    span: Window
    wanted: Source | None

    def of(self, window: Window) -> tuple[Source, Loaded]:
        """Return the window's source and its hours."""
        source = self.wanted or (Source.PREDICTIONS if self._is_covered(window) else Source.PROCESSED)
        return source, self._captured if source is Source.PREDICTIONS else self._processed

    def _is_covered(self, window: Window) -> bool:
        hours = np.unique(self._captured.hours.between(*window.edges).timestamp)
        return len(hours) >= COVERED_SHARE * window.expected_hours()

    @cached_property
    def _captured(self) -> Loaded:
        loaded = load_predictions(self.connection, self.champion.manifest.version, span=self.span)
        hours, level = loaded.hours, self.champion.forecaster.level
        return replace(loaded, hours=hours.with_factors(level.factors(hours.timestamp)))

    @cached_property
    def _processed(self) -> Loaded:
        return load_processed(self.data, self.champion, span=self.span)

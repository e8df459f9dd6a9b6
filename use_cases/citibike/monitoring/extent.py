"""The period that the monitor can judge: loaded demand, and logged predictions."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bikecast.errors import InputError
from bikecast.monitoring.windows import WEEK, Source, Window, last_complete_week, today
from bikecast.names import TIME_ZONE
from bikecast.storage import ObjectStore
from use_cases.citibike.data_coverage import read_coverage

if TYPE_CHECKING:
    import psycopg

# A handful of predictions of a week is traffic, but not a sample of the week.
COVERED_SHARE = 0.5
# A log that was quiet for longer is history, and demand has come for it or never will.
RECENT_WEEKS = 6
HOURS_A_WEEK = 168

LOGGED_WEEK = """
select date_trunc('week', predicted_for) as monday
from monitoring.predictions
where use_case = 'citibike' and predicted_for >= %(first)s and predicted_for < %(end)s
group by monday having count(distinct date_trunc('hour', predicted_for)) >= %(fewest)s
order by monday desc limit 1
"""
IS_LOGGED = """
select exists (
    select from monitoring.predictions
    where use_case = 'citibike' and predicted_for >= %(start)s and predicted_for < %(end)s
)
"""


@dataclass(frozen=True)
class Extent:
    """Where the data end.

    Args:
        demand_end: The day after the last one with demand and weather.
        connection: To the prediction log.
        source: The only source that is asked for; None if either may serve.
    """

    demand_end: dt.date
    connection: "psycopg.Connection"
    source: Source | None = None

    def latest_week(self, now: dt.datetime) -> Window:
        """Return the last complete week that has data of the source."""
        loaded = last_complete_week(self.demand_end)
        if self.source is Source.PROCESSED:
            return loaded
        logged = self._logged_week(now)
        if logged is None:
            return loaded
        return logged if self.source is Source.PREDICTIONS else max(loaded, logged, key=lambda w: w.start)

    def _logged_week(self, now: dt.datetime) -> Window | None:
        end = last_complete_week(today(now, zone=TIME_ZONE)).end
        fewest = COVERED_SHARE * HOURS_A_WEEK
        values = {"first": end - RECENT_WEEKS * WEEK, "end": end, "fewest": fewest}
        row = self.connection.execute(LOGGED_WEEK, values).fetchone()
        return None if row is None else Window(row[0], row[0] + WEEK)

    def require(self, window: Window) -> None:
        """Make sure that there is something to judge in a window.

        Raises:
            InputError: It begins after the data end; nothing was stored.
        """
        if window.start.date() < self.demand_end:
            return
        if self.source is not Source.PROCESSED and self._is_logged(window):
            return
        raise InputError(beyond(window, self.demand_end))

    def _is_logged(self, window: Window) -> bool:
        row = self.connection.execute(IS_LOGGED, {"start": window.start, "end": window.end}).fetchone()
        return bool(row and row[0])


def beyond(window: Window, demand_end: dt.date) -> str:
    """Say that a window begins after the data end."""
    last = window.end.date() - dt.timedelta(days=1)
    known = demand_end - dt.timedelta(days=1)
    return f"{window.start.date()} to {last} lies beyond the data: demand is known until {known}"


def read_extent(data: ObjectStore, connection: "psycopg.Connection", source: Source | None) -> Extent:
    """Look up where the data end.

    Raises:
        DataError: Nothing was loaded yet.
    """
    return Extent(read_coverage(data).last + dt.timedelta(days=1), connection, source)

"""How many hours the clocks of New York show in a window."""

import datetime as dt
from zoneinfo import ZoneInfo

from bikecast.monitoring.windows import Window
from bikecast.names import TIME_ZONE


def expected_hours(window: Window) -> int:
    """Return how many hours the clocks show: 167 in the week that springs forward, 168 else.

    The hour that autumn repeats is one row of the tables.
    """
    zone = ZoneInfo(TIME_ZONE)
    edges = (window.start.replace(tzinfo=zone), window.end.replace(tzinfo=zone))
    start, end = (edge.astimezone(dt.UTC) for edge in edges)
    return min(round((end - start).total_seconds() / 3600), window.days * 24)

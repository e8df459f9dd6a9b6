"""What a window is compared with: the same season of the training window, and the recent past."""

import numpy as np

from bikecast.calendar import YEAR_DAYS, day_of_year
from bikecast.monitoring.hours import DAY, ScoredHours

SEASON_DAYS = 24  # on either side of the window's middle: about seven weeks
RECENT_DAYS = 28
FEWEST_SEASON_DAYS = 14
STATEMENT = (
    f"the training window's days within {SEASON_DAYS} days of the season, and the {RECENT_DAYS} days before"
)


def season_reference(
    history: ScoredHours, *, start: np.datetime64, end: np.datetime64, recent: ScoredHours | None = None
) -> ScoredHours:
    """Select the rows to compare a window with; the window itself is never among them.

    Args:
        history: The champion's training window, scored.
        start: The window's first hour.
        end: The hour after its last.
        recent: Scored hours before the window that history lacks; of those of the last
            ``RECENT_DAYS`` days, each is used once.
    Returns:
        Same-season rows and recent rows. If history holds less than two weeks of the season, as a young
        model's may, all of it stands in.
    """
    outside = history.take((history.timestamp < start) | (history.timestamp >= end))
    if recent is not None and len(recent):
        outside = ScoredHours.joined([outside, recent.take(~np.isin(recent.timestamp, history.timestamp))])
    near = _season_distance(outside, start + (end - start) // 2) <= SEASON_DAYS
    before = (outside.timestamp >= start - RECENT_DAYS * DAY) & (outside.timestamp < start)
    if (
        len(np.unique(outside.days()[near & np.isin(outside.timestamp, history.timestamp)]))
        < FEWEST_SEASON_DAYS
    ):
        near = np.isin(outside.timestamp, history.timestamp)
    return outside.take(near | before)


def _season_distance(hours: ScoredHours, middle: np.datetime64) -> np.ndarray:
    day = day_of_year(np.asarray([middle]).astype("datetime64[s]"))[0]
    apart = np.abs(day_of_year(hours.timestamp) - day)
    distance: np.ndarray = np.minimum(apart, YEAR_DAYS - apart)
    return distance

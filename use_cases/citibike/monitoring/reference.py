"""The reference of a window: the same season of the training window, and the weeks before."""

from dataclasses import dataclass

import numpy as np

from bikecast.arrays import Array
from use_cases.citibike.calendar import YEAR_DAYS, day_of_year
from use_cases.citibike.monitoring.hours import DAY, ScoredHours, Timestamps

SEASON_DAYS = 24  # on either side of the window's middle: about seven weeks
RECENT_DAYS = 28
# Growth that lasts is compared with the time before it: not with weeks that it may have reached already.
LAG_DAYS = 14
FEWEST_SEASON_DAYS = 14


@dataclass(frozen=True)
class Reference:
    """Rows to compare a window with; the window itself is never among them.

    ``season`` holds the training window's days of the same season and the four weeks before: for
    features, predictions, demand and quality. ``out_of_sample`` holds those of them that were scored by a
    model which had not seen them: for errors. Where one has less than two weeks of the season, as a
    young model's may, the whole of history stands in. ``before`` holds the four weeks before alone,
    ``earlier`` the four weeks that ended two weeks before.
    """

    season: ScoredHours
    out_of_sample: ScoredHours
    before: ScoredHours
    earlier: ScoredHours


def season_reference(
    history: ScoredHours, *, start: np.datetime64, end: np.datetime64, recent: ScoredHours | None = None
) -> Reference:
    """Select the rows to compare a window with.

    Args:
        history: The champion's training window, scored.
        start: The window's first hour.
        end: The hour after its last.
        recent: Scored hours before the window; those that history has too are used once.
    """
    past = history.take((history.timestamp < start) | (history.timestamp >= end))
    before = _before(history, recent, start)
    out_of_sample = before.out_of_sample()
    earlier = _before(history, recent, start - LAG_DAYS * DAY).out_of_sample()
    season = _near(past, before, start, end)
    return Reference(season, _near(past.out_of_sample(), out_of_sample, start, end), out_of_sample, earlier)


def _before(history: ScoredHours, recent: ScoredHours | None, start: np.datetime64) -> ScoredHours:
    parts = (
        [history] if recent is None else [history, recent.take(~np.isin(recent.timestamp, history.timestamp))]
    )
    return ScoredHours.joined([part.between(start - RECENT_DAYS * DAY, start) for part in parts])


def _near(past: ScoredHours, before: ScoredHours, start: np.datetime64, end: np.datetime64) -> ScoredHours:
    season = past.take(_season_distance(past.timestamp, start + (end - start) // 2) <= SEASON_DAYS)
    if len(np.unique(season.days())) < FEWEST_SEASON_DAYS:
        season = past
    return ScoredHours.joined([season, before.take(~np.isin(before.timestamp, season.timestamp))])


def _season_distance(hours: Timestamps, middle: np.datetime64) -> Array:
    day = day_of_year(np.asarray([middle]).astype("datetime64[s]"))[0]
    apart = np.abs(day_of_year(hours) - day)
    distance: Array = np.minimum(apart, YEAR_DAYS - apart)
    return distance

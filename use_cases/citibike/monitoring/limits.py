"""Limits of the hourly model: every window of its scored training year against the rest of its season."""

import numpy as np

from bikecast.drift import DriftLimits, Kind, Limit, Score
from bikecast.errors import DataError
from bikecast.monitoring.limits import calibration
from bikecast.monitoring.limits.calibration import (
    FEWEST_WINDOWS,
    WINDOWS_A_QUARTER,
    learn_limits,
    wall_datetime,
)
from use_cases.citibike.monitoring.hours import DAY, ScoredHours
from use_cases.citibike.monitoring.measures.scores import window_scores
from use_cases.citibike.monitoring.reference import season_reference

FLOORS = calibration.FLOORS | {
    "jensenshannon of blocks": 0.03,
    "ratio of WAPE": 1.2,
    "median day": 0.5,
    "log ratio": 0.1,
    "days": 3.0,
}
# History was read under the contract of complete hours; a window is held to the floor.
ABSENT = Score("missing_hours", Kind.QUALITY, "share", 0.0)
# Until there are enough out-of-sample windows to learn from.
UNLEARNED = {
    "error": Limit(value=1.5, kind=Kind.PERFORMANCE, method="ratio of WAPE"),
    "level": Limit(value=2.0, kind=Kind.PERFORMANCE, method="median day"),
    "step": Limit(value=2.0, kind=Kind.PERFORMANCE, method="median day"),
    "growth": Limit(value=0.25, kind=Kind.PERFORMANCE, method="log ratio"),
    "shape": Limit(value=0.06, kind=Kind.PERFORMANCE, method="jensenshannon of blocks"),
    "coverage": Limit(value=0.15, kind=Kind.PERFORMANCE, method="difference"),
    ABSENT.name: Limit(value=FLOORS[ABSENT.method], kind=ABSENT.kind, method=ABSENT.method),
}


def calibrate(
    history: ScoredHours,
    *,
    window_days: int = 7,
    false_alarms_a_quarter: float = calibration.FALSE_ALARMS_A_QUARTER,
) -> DriftLimits:
    """Learn the limits of one model version.

    Every window of history, starting at every day, is scored against the rest of its season and the
    four weeks before it.

    Args:
        history: The training window, scored. Only out-of-sample rows teach the limits of errors.
        window_days: Length of the windows to be judged.
        false_alarms_a_quarter: Incidents in 13 weeks in which nothing is wrong.
    Raises:
        DataError: History is too short for eight windows.
    """
    rolled = roll(history, window_days=window_days)
    if len(rolled) < FEWEST_WINDOWS:
        raise DataError(
            f"history allows {len(rolled)} windows of {window_days} days; {FEWEST_WINDOWS} are needed"
        )
    starts = sorted(rolled)
    return learn_limits(
        rolled,
        step=window_days,
        windows_a_quarter=WINDOWS_A_QUARTER * 7 / window_days,
        known=UNLEARNED,
        floors=FLOORS,
        about={
            "window_days": window_days,
            "history_start": wall_datetime(starts[0]),
            "history_end": wall_datetime(starts[-1] + window_days * DAY),
        },
        false_alarms_a_quarter=false_alarms_a_quarter,
    )


def roll(history: ScoredHours, *, window_days: int, step_days: int = 1) -> dict[np.datetime64, list[Score]]:
    """Score every whole window of history against the rest of its season."""
    first, last = history.days().min(), history.days().max()
    scored = {}
    for start in np.arange(first, last - (window_days - 2) * DAY, step_days * DAY):
        end = start + window_days * DAY
        window = history.between(start, end)
        if len(np.unique(window.days())) == window_days:
            scored[start] = window_scores(window, season_reference(history, start=start, end=end))
    return scored

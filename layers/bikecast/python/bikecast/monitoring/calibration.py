"""Limits from history: roll the monitor over it and choose the lowest that ring no oftener than asked."""

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np

from bikecast.drift import Kind, Limit, Score, Thresholds, judge
from bikecast.errors import DataError
from bikecast.monitoring.hours import DAY, ScoredHours
from bikecast.monitoring.reference import STATEMENT, season_reference
from bikecast.monitoring.scores import window_scores

FALSE_ALARMS_A_QUARTER = 1.0
WEEKS_A_QUARTER = 13
FACTORS = tuple(np.round(np.arange(0.6, 4.01, 0.1), 2).tolist())
FEWEST_WINDOWS = 8
# No limit is lower: an effect this small is not worth a person's time, however quiet the history was.
FLOORS = {
    "wasserstein": 0.1,  # Evidently's own default
    "jensenshannon": 0.02,
    "ratio of WAPE": 1.2,
    "median day": 0.5,
    "difference": 0.05,
    "share": 0.02,
    "days": 3.0,
}

# History was read under the contract of complete hours; a window is held to the floor.
ABSENT = Score("missing_hours", Kind.QUALITY, "share", 0.0)

History = Mapping[np.datetime64, Sequence[Score]]


def calibrate(
    history: ScoredHours, *, window_days: int = 7, false_alarms_a_quarter: float = FALSE_ALARMS_A_QUARTER
) -> Thresholds:
    """Learn the limits of one model version.

    Every window of history, starting at every day, is scored against the rest of its season and the
    four weeks before it. Limits are a common multiple of each score's 90th percentile: the lowest
    multiple at which weekly monitoring of this history would have opened at most
    ``false_alarms_a_quarter`` incidents.

    Args:
        history: The training window, scored by a model that did not learn from the scored hour
            (out of fold or held out); in-sample predictions would make every live error an alarm.
        window_days: Length of the windows to be judged.
        false_alarms_a_quarter: Incidents in 13 weeks in which nothing is wrong.
    Raises:
        DataError: History is too short for eight windows.
    """
    rolled = roll(history, window_days=window_days)
    if len(rolled) < FEWEST_WINDOWS:
        raise DataError(
            f"history allows {len(rolled)} windows of {window_days} days; at least {FEWEST_WINDOWS} needed"
        )
    for factor in FACTORS:
        limits = _limits(rolled, factor=factor)
        candidate = _thresholds(
            rolled, limits, factor=factor, days=window_days, target=false_alarms_a_quarter
        )
        if candidate.measured_false_alarms_a_quarter <= false_alarms_a_quarter:
            break
    return candidate


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


def false_alarms_a_quarter(rolled: History, thresholds: Thresholds) -> float:
    """Return the incidents that monitoring history opens in 13 weeks; the mean over days to start on."""
    step = thresholds.window_days
    starts = sorted(rolled)
    opened = [_opened(rolled, starts[phase::step], thresholds) for phase in range(min(step, len(starts)))]
    quarters = len(starts) / step * (step / 7) / WEEKS_A_QUARTER
    return float(np.mean(opened)) / quarters


def _opened(rolled: History, starts: Sequence[np.datetime64], thresholds: Thresholds) -> int:
    opened, before, quiet = 0, list[dict[str, float]](), dict[Kind, int]()
    for start in starts:
        verdict = judge(rolled[start], thresholds, previous=before)
        # As with incidents: one is closed after ``windows_seen`` windows without its alarm.
        still_open = {kind for kind, windows in quiet.items() if windows < thresholds.windows_seen}
        opened += len(verdict.alarms - still_open)
        quiet = {kind: windows + 1 for kind, windows in quiet.items()} | dict.fromkeys(verdict.alarms, 0)
        values = {score.name: score.value for score in rolled[start]}
        before = [*before, values][-(thresholds.windows_seen - 1) :]
    return opened


def _limits(rolled: History, *, factor: float) -> dict[str, Limit]:
    scores = [score for window in rolled.values() for score in window]
    names = {score.name for score in scores}
    found = {name: _limit([score for score in scores if score.name == name], factor) for name in names}
    return found | {ABSENT.name: _limit([ABSENT], factor)}


def _limit(scores: Sequence[Score], factor: float) -> Limit:
    values = np.asarray([score.value for score in scores])
    method, kind = scores[0].method, scores[0].kind
    p90 = float(np.quantile(values, 0.9))
    # Quality is a fact of one window, so its limit is the worst that history has shown.
    usual = float(values.max()) if kind is Kind.QUALITY else factor * p90
    return Limit(
        value=max(usual, FLOORS[method]),
        kind=kind,
        method=method,
        reference=STATEMENT,
        history_median=float(np.median(values)),
        history_p90=p90,
    )


def _thresholds(
    rolled: History, limits: dict[str, Limit], *, factor: float, days: int, target: float
) -> Thresholds:
    starts = sorted(rolled)
    draft = Thresholds(
        window_days=days,
        alarm_factor=factor,
        target_false_alarms_a_quarter=target,
        measured_false_alarms_a_quarter=0.0,
        history_start=starts[0].astype("datetime64[s]").astype(dt.datetime),
        history_end=(starts[-1] + days * DAY).astype("datetime64[s]").astype(dt.datetime),
        n_windows=len(starts),
        limits=limits,
    )
    rate = false_alarms_a_quarter(rolled, draft)
    return draft.model_copy(update={"measured_false_alarms_a_quarter": round(rate, 3)})

"""Limits learnt from history: the lowest that alarm no more often than the stated rate."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bikecast.drift import DriftLimits, Kind, Limit, Score, lasting, over_limits
from bikecast.errors import DataError

FALSE_ALARMS_A_QUARTER = 1.0
WINDOWS_A_QUARTER = 13
# One history is one draw: in simulated years after it, limits alarmed about twice as often as in the year
# they were learnt from (``bikecast monitor self-test --seeds`` shows the rate).
OPTIMISM = 2.0
FACTORS = tuple(np.round(np.arange(4.0, 0.79, -0.1), 2).tolist())
FEWEST_WINDOWS = 8
LEARNED = (Kind.DRIFT, Kind.PERFORMANCE)
# No limit is lower: an effect this small is not worth a person's time, however quiet the history was.
FLOORS = {
    "wasserstein": 0.1,  # Evidently's own default
    "jensenshannon": 0.1,  # as well
    "ratio of errors": 1.2,
    "difference": 0.1,
    "share": 0.02,
}

History = Mapping[Any, Sequence[Score]]


def learn_limits(
    history: History,
    *,
    step: int,
    windows_a_quarter: float,
    known: Mapping[str, Limit],
    floors: Mapping[str, float],
    about: Mapping[str, Any],
    false_alarms_a_quarter: float = FALSE_ALARMS_A_QUARTER,
) -> DriftLimits:
    """Learn the limits of one model version.

    Limits of drift are a common multiple of each score's 90th percentile, limits of performance another:
    the lowest at which monitoring this history would have opened at most
    ``false_alarms_a_quarter / OPTIMISM`` incidents, half of them of each kind.

    Args:
        history: Scores of every window by its place in the order.
        step: Every how many places a window follows the last one without overlap.
        windows_a_quarter: How many windows 13 weeks, or what counts as them, hold.
        known: Limits for scores that history says nothing about.
        floors: Lowest limit by method.
        about: What ``DriftLimits`` keeps of the windows: their length and where history starts and ends.
        false_alarms_a_quarter: Incidents in a quarter in which nothing is wrong.
    Raises:
        DataError: History is too short for eight windows.
    """
    if len(history) < FEWEST_WINDOWS:
        raise DataError(f"history allows {len(history)} windows; {FEWEST_WINDOWS} are needed")
    quality = [score for window in history.values() for score in window if score.kind is Kind.QUALITY]
    chosen = DriftLimits(
        alarm_factors={},
        target_false_alarms_a_quarter=false_alarms_a_quarter,
        measured_false_alarms_a_quarter=0.0,
        n_windows=len(history),
        limits=_limits(quality, factor=1.0, floors=floors) | dict(known),
        **about,
    )
    learner = _Learner(step, windows_a_quarter, floors, false_alarms_a_quarter / len(LEARNED) / OPTIMISM)
    for kind in LEARNED:
        chosen = learner.with_kind(chosen, history, kind)
    return chosen


class _Learner:
    """Adds the limits of one kind after the other."""

    def __init__(
        self, step: int, windows_a_quarter: float, floors: Mapping[str, float], allowed: float
    ) -> None:
        self._step, self._quarter, self._floors, self._allowed = step, windows_a_quarter, floors, allowed

    def with_kind(self, thresholds: DriftLimits, history: History, kind: Kind) -> DriftLimits:
        """Add the limits of one kind: lowered from far above until they would alarm too often.

        From above, because limits so low that an incident never closes open few incidents too.
        """
        scores = [score for window in history.values() for score in window if score.kind is kind]
        judged = {key: window for key, window in history.items() if any(s.kind is kind for s in window)}
        if len(judged) < FEWEST_WINDOWS:
            return thresholds
        chosen, chosen_rate = FACTORS[0], 0.0
        limits = _limits(scores, factor=FACTORS[0], floors=self._floors)
        for factor in FACTORS:
            candidate = _limits(scores, factor=factor, floors=self._floors)
            rate = self._rate(judged, thresholds.model_copy(update={"limits": candidate}))
            if rate > self._allowed:
                break
            chosen, chosen_rate, limits = factor, rate, candidate
        measured = thresholds.measured_false_alarms_a_quarter + chosen_rate
        return thresholds.model_copy(
            update={
                "limits": thresholds.limits | limits,
                "alarm_factors": thresholds.alarm_factors | {kind: chosen},
                "measured_false_alarms_a_quarter": round(measured, 3),
            }
        )

    def _rate(self, history: History, thresholds: DriftLimits) -> float:
        return false_alarms_a_quarter(history, thresholds, step=self._step, windows_a_quarter=self._quarter)


def false_alarms_a_quarter(
    history: History, thresholds: DriftLimits, *, step: int, windows_a_quarter: float
) -> float:
    """Return the incidents that monitoring history opens in a quarter; the mean over places to start at."""
    values = ({score.name: score.value for score in history[key]} for key in sorted(history))
    over = [over_limits(window, thresholds) for window in values]
    opened = [_opened(over[phase::step], thresholds) for phase in range(min(step, len(over)))]
    return float(np.mean(opened)) / (len(over) / step / windows_a_quarter)


def _opened(windows: Sequence[Mapping[str, float]], thresholds: DriftLimits) -> int:
    """Count the incidents of windows that follow each other, given by what is over its limit in each."""
    opened, before, quiet = 0, list[Mapping[str, float]](), dict[Kind, int]()
    for window in windows:
        alarms = {thresholds.limits[name].kind for name in lasting([window, *before], thresholds)}
        # As with incidents: one is closed after ``windows_seen`` windows without its alarm.
        still_open = {kind for kind, passed in quiet.items() if passed < thresholds.windows_seen}
        opened += len(alarms - still_open)
        quiet = {kind: passed + 1 for kind, passed in quiet.items()} | dict.fromkeys(alarms, 0)
        before = [*before, window][-(thresholds.windows_seen - 1) :]
    return opened


def _limits(scores: Sequence[Score], *, factor: float, floors: Mapping[str, float]) -> dict[str, Limit]:
    values: dict[str, list[Score]] = {}
    for score in scores:
        values.setdefault(score.name, []).append(score)
    return {name: _limit(found, factor, floors) for name, found in values.items()}


def _limit(scores: Sequence[Score], factor: float, floors: Mapping[str, float]) -> Limit:
    values = np.asarray([score.value for score in scores])
    method, kind = scores[0].method, scores[0].kind
    p90 = float(np.quantile(values, 0.9))
    # Quality is a fact of one window, so its limit is the worst that history has shown.
    usual = float(values.max()) if kind is Kind.QUALITY else factor * p90
    return Limit(
        value=max(usual, floors[method]),
        kind=kind,
        method=method,
        history_median=float(np.median(values)),
        history_p90=p90,
    )


def wall_datetime(moment: np.datetime64) -> dt.datetime:
    """Return a numpy moment as a naive datetime."""
    found: dt.datetime = moment.astype("datetime64[s]").astype(dt.datetime)
    return found

"""Limits from history: roll the monitor over it and choose the lowest that ring no oftener than asked."""

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np

from bikecast.drift import Kind, Limit, Score, Thresholds, judge
from bikecast.errors import DataError
from bikecast.monitoring.hours import DAY, ScoredHours
from bikecast.monitoring.reference import season_reference
from bikecast.monitoring.scores import window_scores

FALSE_ALARMS_A_QUARTER = 1.0
WEEKS_A_QUARTER = 13
# One year is one draw: in simulated years after it, limits rang about twice as often as in the year they
# were learnt from (``bikecast monitor self-test --seeds`` shows the rate).
OPTIMISM = 2.0
FACTORS = tuple(np.round(np.arange(4.0, 0.79, -0.1), 2).tolist())
FEWEST_WINDOWS = 8
LEARNED = (Kind.DRIFT, Kind.PERFORMANCE)
# No limit is lower: an effect this small is not worth a person's time, however quiet the history was.
FLOORS = {
    "wasserstein": 0.1,  # Evidently's own default
    "jensenshannon": 0.1,  # as well
    "jensenshannon of blocks": 0.03,
    "ratio of WAPE": 1.2,
    "median day": 0.5,
    "log ratio": 0.1,
    "difference": 0.1,
    "share": 0.02,
    "days": 3.0,
}

# History was read under the contract of complete hours; a window is held to the floor.
ABSENT = Score("missing_hours", Kind.QUALITY, "share", 0.0)

# Until there are enough honest windows to learn from.
UNLEARNED = {
    "error": Limit(value=1.5, kind=Kind.PERFORMANCE, method="ratio of WAPE"),
    "level": Limit(value=2.0, kind=Kind.PERFORMANCE, method="median day"),
    "step": Limit(value=2.0, kind=Kind.PERFORMANCE, method="median day"),
    "growth": Limit(value=0.25, kind=Kind.PERFORMANCE, method="log ratio"),
    "shape": Limit(value=0.06, kind=Kind.PERFORMANCE, method="jensenshannon of blocks"),
    "coverage": Limit(value=0.15, kind=Kind.PERFORMANCE, method="difference"),
}

History = Mapping[np.datetime64, Sequence[Score]]


def calibrate(
    history: ScoredHours, *, window_days: int = 7, false_alarms_a_quarter: float = FALSE_ALARMS_A_QUARTER
) -> Thresholds:
    """Learn the limits of one model version.

    Every window of history, starting at every day, is scored against the rest of its season and the
    four weeks before it. Limits of drift are a common multiple of each score's 90th percentile, limits
    of performance another: the lowest at which weekly monitoring of this history would have opened at
    most ``false_alarms_a_quarter / OPTIMISM`` incidents, half of them of each kind.

    Args:
        history: The training window, scored. Only rows that their model had not learnt from (column
            ``honest``) teach the limits of errors.
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
    chosen = _unlimited(rolled, days=window_days, target=false_alarms_a_quarter)
    for kind in LEARNED:
        allowed = false_alarms_a_quarter / len(LEARNED) / OPTIMISM
        chosen = _with_kind(chosen, rolled, kind, allowed=allowed)
    return chosen


def _with_kind(thresholds: Thresholds, rolled: History, kind: Kind, *, allowed: float) -> Thresholds:
    """Add the limits of one kind: lowered from far above until they would ring too often.

    From above, because limits so low that an incident never closes open few incidents too.
    """
    scores = [score for window in rolled.values() for score in window if score.kind is kind]
    judged = {start: window for start, window in rolled.items() if any(s.kind is kind for s in window)}
    if len(judged) < FEWEST_WINDOWS:
        return thresholds
    chosen, chosen_rate, limits = FACTORS[0], 0.0, _limits(scores, factor=FACTORS[0])
    for factor in FACTORS:
        candidate = _limits(scores, factor=factor)
        rate = false_alarms_a_quarter(judged, thresholds.model_copy(update={"limits": candidate}))
        if rate > allowed:
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
        opened += len(verdict.alarms.keys() - still_open)
        quiet = {kind: windows + 1 for kind, windows in quiet.items()} | dict.fromkeys(verdict.alarms, 0)
        values = {score.name: score.value for score in rolled[start]}
        before = [*before, values][-(thresholds.windows_seen - 1) :]
    return opened


def _limits(scores: Sequence[Score], *, factor: float) -> dict[str, Limit]:
    values: dict[str, list[Score]] = {}
    for score in scores:
        values.setdefault(score.name, []).append(score)
    return {name: _limit(found, factor) for name, found in values.items()}


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
        history_median=float(np.median(values)),
        history_p90=p90,
    )


def _unlimited(rolled: History, *, days: int, target: float) -> Thresholds:
    """Return thresholds of quality alone; the other kinds are learned one after the other."""
    starts = sorted(rolled)
    quality = [score for window in rolled.values() for score in window if score.kind is Kind.QUALITY]
    return Thresholds(
        window_days=days,
        alarm_factors={},
        target_false_alarms_a_quarter=target,
        measured_false_alarms_a_quarter=0.0,
        history_start=starts[0].astype("datetime64[s]").astype(dt.datetime),
        history_end=(starts[-1] + days * DAY).astype("datetime64[s]").astype(dt.datetime),
        n_windows=len(starts),
        limits=_limits([*quality, ABSENT], factor=1.0) | UNLEARNED,
    )

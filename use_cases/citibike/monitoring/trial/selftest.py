"""The monitor tries itself: shifts that it must find, and nothing that it must not.

Everything is simulated. Each shift is injected into a city whose champion was trained before it, the
windows are drawn at three sizes, and the verdicts are the monitor's own: same scores, same limits,
same k-of-n rule. The same city without a shift shows what rings for nothing.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bikecast.drift import DriftLimits, Score, judge
from bikecast.monitoring.limits.trials import NOTHING, SelfTest, Trial
from use_cases.citibike.monitoring.hours import DAY, PREDICTION, TARGET, ScoredHours
from use_cases.citibike.monitoring.limits import calibrate
from use_cases.citibike.monitoring.measures.scores import window_scores
from use_cases.citibike.monitoring.reference import season_reference
from use_cases.citibike.monitoring.trial.city import City, simulate_city

if TYPE_CHECKING:
    from use_cases.citibike.simulator.options import Shift

SIZES = (100, 5_000, 100_000)
SHIFT_DAY = dt.date(2025, 4, 7)  # a Monday, long after the training year
WINDOWS = 4  # a shift counts as found if an incident is opened within as many weeks
Progress = Callable[[str], None]


@dataclass(frozen=True)
class _Case:
    name: str
    city: City


def run_selftest(
    *, sizes: Sequence[int] = SIZES, seeds: Sequence[int] = (42,), progress: Progress = lambda _: None
) -> SelfTest:
    """Inject every shift at every size and judge the weeks that follow.

    Args:
        sizes: Rows a window; those over an hour's one are repeated predictions of the same hours.
        seeds: One simulated city each.
        progress: Told what is tried next.
    """
    trials: list[Trial] = []
    for seed in seeds:
        progress(f"city {seed}: training and learning limits")
        plain = simulate_city(_end(), seed=seed)
        thresholds = calibrate(plain.history)
        for case in _cases(plain, seed):
            progress(f"city {seed}: {case.name}")
            trials += [_try(case, thresholds, size=size, seed=seed) for size in sizes]
    shifts = [trial for trial in trials if trial.shift != NOTHING]
    null = [trial for trial in trials if trial.shift == NOTHING]
    found = sum(trial.found for trial in shifts)
    return SelfTest(
        injected=len(shifts),
        found=found,
        missed=len(shifts) - found,
        false_alarms=sum(trial.found for trial in null),
        null_trials=len(null),
        within_windows=WINDOWS,
        rows=trials,
    )


def _end() -> dt.date:
    return SHIFT_DAY + dt.timedelta(days=7 * WINDOWS)


def _cases(plain: City, seed: int) -> Iterator[_Case]:
    from use_cases.citibike.simulator.options import ShiftKind

    yield _Case(NOTHING, plain)
    simulated = {
        "demand +20 %": (ShiftKind.DEMAND_LEVEL, 0.4),
        "a stuck weather station": (ShiftKind.BROKEN_SENSOR, 1.0),
        "three quarters of commuters gone": (ShiftKind.RIDER_MIX, 1.0),
    }
    for name, (kind, strength) in simulated.items():
        yield _Case(name, simulate_city(_end(), seed=seed, shift=_shift(kind, strength)))
    yield _Case("a missing column (PRCP)", City(plain.history, _changed(plain.after, _without_rain)))
    yield _Case("a worse model", City(plain.history, _changed(plain.after, _worse)))


def _shift(kind: object, strength: float) -> "Shift":
    from use_cases.citibike.simulator.options import Shift, ShiftKind

    return Shift(ShiftKind(str(kind)), SHIFT_DAY, strength)


def _changed(hours: ScoredHours, change: Callable[[ScoredHours], Mapping[str, np.ndarray]]) -> ScoredHours:
    shifted = hours.timestamp >= np.datetime64(SHIFT_DAY, "s")
    new = {name: np.where(shifted, values, hours[name]) for name, values in change(hours).items()}
    return ScoredHours(hours.timestamp, {**hours.columns, **new})


def _without_rain(hours: ScoredHours) -> dict[str, np.ndarray]:
    return {"PRCP": np.full(len(hours), np.nan)}


def _worse(hours: ScoredHours) -> dict[str, np.ndarray]:
    """Return the model that knows the hour of the day only."""
    hour = hours.timestamp.astype("datetime64[h]").astype(np.int64) % 24
    mean = np.bincount(hour, hours[TARGET], minlength=24) / np.bincount(hour, minlength=24)
    return {PREDICTION: mean[hour]}


def _try(case: _Case, thresholds: DriftLimits, *, size: int, seed: int) -> Trial:
    starts = np.datetime64(SHIFT_DAY, "s") + 7 * DAY * np.arange(1 - thresholds.windows_seen, WINDOWS)
    before: list[dict[str, float]] = []
    for number, start in enumerate(starts, start=2 - thresholds.windows_seen):
        scores = _scores(case.city, start, size=size, seed=seed)
        verdict = judge(scores, thresholds, previous=before)
        if number > 0 and verdict.alarms:
            names = sorted(verdict.unusual, key=_worst(verdict.unusual))
            by = [f"{name} ({thresholds.limits[name].method})" for name in names]
            return Trial(
                shift=case.name,
                rows_a_window=size,
                seed=seed,
                found=True,
                windows_needed=number,
                by=by,
                times_over_limit=verdict.severity,
            )
        before = [*before, {score.name: score.value for score in scores}][-(thresholds.windows_seen - 1) :]
    return Trial(shift=case.name, rows_a_window=size, seed=seed, found=False)


def _worst(unusual: Mapping[str, float]) -> Callable[[str], float]:
    return lambda name: -unusual[name]


def _scores(city: City, start: np.datetime64, *, size: int, seed: int) -> list[Score]:
    end = start + 7 * DAY
    window = city.after.between(start, end)
    reference = season_reference(
        city.history, start=start, end=end, recent=city.after.take(city.after.timestamp < start)
    )
    return window_scores(_drawn(window, size, seed=seed), reference)


def _drawn(window: ScoredHours, size: int, *, seed: int) -> ScoredHours:
    """Draw rows of a window: some of its hours, or questions that repeat them."""
    rng = np.random.default_rng([seed, size])
    rows = np.sort(rng.choice(len(window), size=size, replace=size > len(window)))
    return ScoredHours(window.timestamp[rows], {name: c[rows] for name, c in window.columns.items()})

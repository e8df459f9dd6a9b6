"""The monitor of a declared use case tries itself: declared shifts that it must find, and nothing else.

A model is fitted on the training part of the rows and its limits are learnt as for a champion. Windows are
cut from rows that neither saw, and judged as the monitor judges: same scores, limits and k-of-n rule. Where
rows have a time, these are every other window of those that the model did not learn from, and the limits are
learnt from the rest. So nothing but the declared shift differs: how the world moved in the meantime is what
the monitor is to report, not part of its trial.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from bikecast.arrays import Mask
from bikecast.drift import Judgement, Score, judge
from bikecast.evaluation.after_model import State
from bikecast.evaluation.backtest import has_prediction, out_of_fold
from bikecast.evaluation.outcome import Outcome
from bikecast.evaluation.sample import Sample
from bikecast.examples import to_sample
from bikecast.families import Fitted, TaskShape, family
from bikecast.monitoring.limits.calibration import WINDOWS_A_QUARTER, false_alarms_a_quarter
from bikecast.monitoring.limits.limits import RowLimits
from bikecast.monitoring.limits.trials import NOTHING, SelfTest, Trial
from bikecast.monitoring.rows.drawn_windows import drawn_windows
from bikecast.monitoring.rows.limits import learn_row_limits
from bikecast.monitoring.rows.scores import row_scores
from bikecast.monitoring.rows.table import scored_rows
from bikecast.monitoring.scored import ScoredRows
from bikecast.use_case import Classification, UseCase

if TYPE_CHECKING:
    import pandas as pd

SIZES = (100, 5_000, 100_000)
Progress = Callable[[str], None]


def run_selftest(
    use_case: UseCase,
    frame: "pd.DataFrame",
    *,
    sizes: Sequence[int] = SIZES,
    seeds: Sequence[int] = (42,),
    progress: Progress = lambda _: None,
) -> SelfTest:
    """Inject every declared shift at every window size, and watch a quarter of windows without any.

    Args:
        use_case: The declaration.
        frame: Its checked table, simulated or real.
        sizes: Rows a window.
        seeds: Of the windows and of what is random in a shift.
        progress: Told what is tried next.
    Raises:
        DataError: The table is too small to split or to learn limits from.
    """
    progress("fitting a model and learning limits")
    watched = _Watched.of(use_case, frame)
    trials, alarms = list[Trial](), 0.0
    for seed in seeds:
        for shift in use_case.monitoring.shifts:
            progress(f"seed {seed}: {shift.name}")
            rows = watched.shifted(shift.apply, seed)
            trials += [
                watched.attempt(shift.name, rows, size=size, seed=seed, within=shift.found_within)
                for size in sizes
            ]
        progress(f"seed {seed}: {NOTHING}")
        alarms += sum(watched.alarms_in_a_quarter(size, seed) for size in sizes)
    limits = watched.limits.of(watched.limits.fewest_rows)
    return SelfTest(
        injected=len(trials),
        found=sum(trial.found for trial in trials),
        missed=sum(not trial.found for trial in trials),
        false_alarms=round(alarms),
        null_trials=len(seeds) * len(sizes),
        allowed_false_alarms=limits.target_false_alarms_a_quarter * len(seeds) * len(sizes),
        within_windows=max(shift.found_within for shift in use_case.monitoring.shifts),
        rows=trials,
    )


@dataclass(frozen=True)
class _Watched:
    """A fitted model with its limits and what they compare with, and rows that none of them saw."""

    use_case: UseCase
    model: Fitted
    state: State
    reference: ScoredRows
    limits: RowLimits
    unseen: "pd.DataFrame"

    @classmethod
    def of(cls, use_case: UseCase, frame: "pd.DataFrame") -> "_Watched":
        everything, request = to_sample(use_case, frame), _defaults(use_case)
        parts = use_case.split.parts(everything.time, everything.target, request)
        folds = use_case.split.calibration_folds(everything.time, everything.target, request)
        fit = _fit_of(use_case)
        model, raw = fit(everything.take(parts.train)), out_of_fold(everything, fit, folds)
        learnt = has_prediction(raw)
        raw[parts.holdout] = model.predict(everything.features[parts.holdout])
        known = has_prediction(raw)
        apart = _every_other_window(use_case, everything, known & ~parts.train)
        sample = everything.take(learnt & ~apart)
        state = use_case.after_model.learn(
            sample, raw[learnt & ~apart], task=use_case.task, metric=use_case.metrics[0]
        )
        sample = everything.take(known & ~apart)
        reference = _scored(use_case, sample, state.outcome(sample, raw[known & ~apart]))
        limits = learn_row_limits(use_case, reference)
        return cls(use_case, model, state, reference, limits, _rows(frame, apart))

    @cached_property
    def quiet(self) -> ScoredRows:
        """The unseen rows as they are."""
        return self._answered(self.unseen)

    def shifted(self, apply: "Callable[[pd.DataFrame, int], pd.DataFrame]", seed: int) -> ScoredRows:
        """Score the unseen rows after a shift."""
        return self._answered(apply(self.unseen.copy(), seed))

    def attempt(self, shift: str, rows: ScoredRows, *, size: int, seed: int, within: int) -> Trial:
        """Watch as many shifted windows as finding the shift may take, after quiet ones.

        A score counts where the shift changes it; what is odd about these days alarms without it.
        """
        limits = self.limits.of(size)
        about: dict[str, Any] = {"shift": shift, "rows_a_window": size, "seed": seed}
        windows = zip(self._windows(self.quiet, size, seed), self._windows(rows, size, seed), strict=True)
        before = [_values(next(windows)[0]) for _ in range(limits.windows_seen - 1)]
        for number, (usual, scores) in enumerate(islice(windows, within), start=1):
            moved = [score for score in scores if score.value != _values(usual).get(score.name)]
            found = judge(moved, limits, previous=before)
            if found.alarms:
                return Trial(
                    **about,
                    found=True,
                    windows_needed=number,
                    by=_by(found, scores),
                    times_over_limit=found.severity,
                )
            before = [*before, _values(scores)][-(limits.windows_seen - 1) :]
        return Trial(**about, found=False)

    def alarms_in_a_quarter(self, size: int, seed: int) -> float:
        """Return how many incidents a quarter of windows without a shift opens."""
        windows = self._windows(self.quiet, size, seed)
        history = {number: next(windows) for number in range(WINDOWS_A_QUARTER)}
        limits = self.limits.of(size)
        return false_alarms_a_quarter(history, limits, step=1, windows_a_quarter=WINDOWS_A_QUARTER)

    def _windows(self, rows: ScoredRows, size: int, seed: int) -> Iterator[list[Score]]:
        """Yield the scores of windows of these rows, each drawn anew."""
        generator = np.random.default_rng([seed, size])
        for drawn, _ in drawn_windows(self.use_case, rows, size, generator=generator):
            yield row_scores(self.use_case, rows.take(drawn), self.reference)

    def _answered(self, frame: "pd.DataFrame") -> ScoredRows:
        sample = to_sample(self.use_case, frame)
        outcome = self.state.outcome(sample, self.model.predict(sample.features))
        return _scored(self.use_case, sample, outcome)


def _every_other_window(use_case: UseCase, sample: Sample, rows: Mask) -> Mask:
    """Return every other run of these days, as long as a window; all rows where they have no time."""
    if sample.time is None:
        return rows
    day = sample.time.astype("datetime64[D]")
    turn = np.searchsorted(np.unique(day[rows]), day) // (use_case.monitoring.window_days or 1)
    apart: Mask = rows & (turn % 2 == 1)
    return apart


def _defaults(use_case: UseCase) -> Mapping[str, Any]:
    return use_case.split.request_model().model_dump()


def _fit_of(use_case: UseCase) -> Callable[[Sample], Fitted]:
    """Return the function that fits the first family of the search with its known-good start."""
    name, found = next(iter(tomllib.loads(use_case.search.read_text())["families"].items()))
    n_classes = len(use_case.task.classes) if isinstance(use_case.task, Classification) else None
    shape = TaskShape(n_classes, use_case.features.names, use_case.features.categorical)

    def fit(sample: Sample) -> Fitted:
        return family(name).fit(sample.features, sample.target, task=shape, params=found["start"], seed=42)

    return fit


def _rows(frame: "pd.DataFrame", mask: Mask) -> "pd.DataFrame":
    return frame[mask].reset_index(drop=True)


def _scored(use_case: UseCase, sample: Sample, outcome: Outcome) -> ScoredRows:
    stamps = np.zeros(len(sample), dtype="datetime64[s]") if sample.time is None else sample.time
    return scored_rows(use_case, stamps, sample.columns, outcome=outcome, target=sample.target)


def _values(scores: Sequence[Score]) -> dict[str, float]:
    return {score.name: score.value for score in scores}


def _by(found: Judgement, scores: Sequence[Score]) -> list[str]:
    methods = {score.name: score.method for score in scores}
    return [f"{name} ({methods[name]})" for name in sorted(found.unusual, key=lambda n: -found.unusual[n])]

"""One trial: a family and hyperparameters, fitted and judged on all folds, or stopped early."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna

from bikecast.arrays import Array, Matrix
from bikecast.evaluation.splits import Fold
from bikecast.families import ROUNDS, Staged, TaskShape, family
from training_job.tuning.search import Search, SearchRange, split_params

RUNGS = 8  # a staged family is judged after each eighth of the most rounds that the search allows
HALVED_AT = (1, 2, 4)  # after these eighths a trial that is behind is stopped
PATIENCE = 2  # eighths without a lower error, after which more rounds are not tried
Keep = Callable[[int, Array], None]


@dataclass(frozen=True)
class Judging:
    """What trials are fitted on, and how they are judged.

    Attributes:
        features: Of all rows that the folds are of.
        target: Of the same rows.
        shape: What a family must know of the task.
        folds: At least one.
        error: Of output for all rows, NaN where there is none.
    """

    features: Matrix
    target: Array
    shape: TaskShape
    folds: Sequence[Fold]
    error: Callable[[Array], float]

    def whole(self, parts: Sequence[Array]) -> Array:
        """Return the output of the first folds as output for all rows."""
        found = np.full((len(self.target), *parts[0].shape[1:]), np.nan)
        for fold, part in zip(self.folds, parts, strict=False):
            found[fold.valid] = part
        return found


def make_objective(
    judging: Judging, search: Search, *, seed: int, keep: Keep
) -> Callable[[optuna.Trial], float]:
    """Return the function that fits and judges one trial: its error over all folds.

    Args:
        judging: The rows, their folds, and the error.
        search: Families and spaces.
        seed: Of the fits.
        keep: Takes the number and the output of a trial that was not stopped.
    """
    threads = [ThreadPoolExecutor(1) for _ in judging.folds]  # each keeps its fit's random numbers

    def objective(trial: optuna.Trial) -> float:
        name = trial.suggest_categorical("family", list(search.families))
        space, staged = search.families[name].space, is_staged(search, name)
        for key, span in space.items():
            if not (staged and key == ROUNDS):
                span.suggest(trial, f"{name}.{key}")
        params = split_params(trial.params)[1]
        if staged:
            fits = _Fits(judging, name, params, seed, threads)
            error, output = _by_rounds(trial, fits, name, space[ROUNDS])
        else:
            error, output = _by_folds(trial, judging, name, params, seed)
        keep(trial.number, output)
        return error

    return objective


def is_staged(search: Search, name: str) -> bool:
    """Tell whether the trials of a family are judged while they grow, and find their number of rounds."""
    return ROUNDS in search.families[name].space and isinstance(family(name), Staged)


@dataclass(frozen=True)
class _Fits:
    """The fits of one trial, one for each fold, which grow together."""

    judging: Judging
    name: str
    params: dict[str, Any]
    seed: int
    threads: Sequence[ThreadPoolExecutor]

    def grow(self, rounds: Sequence[int]) -> Iterator[Array]:
        """Yield the output for all rows after each of these numbers of rounds."""
        growing = [self._stages(fold, rounds) for fold in self.judging.folds]
        for _ in rounds:
            steps = zip(self.threads, growing, strict=True)
            yield self.judging.whole([thread.submit(next, fit).result() for thread, fit in steps])

    def _stages(self, fold: Fold, rounds: Sequence[int]) -> Iterator[Array]:
        judging, chosen = self.judging, family(self.name)
        assert isinstance(chosen, Staged)
        return chosen.stages(
            judging.features[fold.train],
            judging.target[fold.train],
            valid=judging.features[fold.valid],
            rounds=rounds,
            task=judging.shape,
            params=self.params,
            seed=self.seed,
        )


def _by_rounds(trial: optuna.Trial, fits: _Fits, name: str, span: SearchRange) -> tuple[float, Array]:
    """Judge a trial as it grows; the number of rounds with the lowest error becomes a parameter of it."""
    most = int(span.high)
    rounds = [max(most * rung // RUNGS, 1) for rung in range(1, RUNGS + 1)]
    best, best_at, best_output = np.inf, 0, np.empty(0)
    for rung, output in enumerate(fits.grow(rounds), 1):
        error = fits.judging.error(output)
        if rounds[rung - 1] >= span.low and (not best_at or error < best):
            best, best_at, best_output = error, rung, output
        if rung in HALVED_AT:
            _report(trial, error, HALVED_AT.index(rung))
        if best_at and rung - best_at >= PATIENCE:
            break
    trial.suggest_int(f"{name}.{ROUNDS}", rounds[best_at - 1], rounds[best_at - 1])
    return best, best_output


def _by_folds(
    trial: optuna.Trial, judging: Judging, name: str, params: dict[str, Any], seed: int
) -> tuple[float, Array]:
    """Judge a trial fold by fold."""
    parts, error = list[Array](), np.inf
    for fold in judging.folds:
        features, target = judging.features[fold.train], judging.target[fold.train]
        fitted = family(name).fit(features, target, task=judging.shape, params=params, seed=seed)
        parts.append(fitted.predict(judging.features[fold.valid]))
        error = judging.error(judging.whole(parts))
        if len(judging.folds) > 1:
            _report(trial, error, fold.number)
    return error, judging.whole(parts)


def _report(trial: optuna.Trial, error: float, step: int) -> None:
    trial.report(error, step)
    if trial.should_prune():
        raise optuna.TrialPruned

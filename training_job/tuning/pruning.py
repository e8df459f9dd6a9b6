"""Which trials are stopped early: those that fall well behind their family's best at the same fold.

Optuna's median pruner compares a trial's best value so far with the others at this fold. Some months are
harder to forecast than others, so one easy fold would protect a trial from then on: of 16 trials on the
real data it stopped none. Families race among themselves, or the first one would stop those that a blend
needs beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import optuna
from optuna.trial import FrozenTrial, TrialState

JUDGED = (TrialState.COMPLETE, TrialState.PRUNED)
KEPT = 3  # of the trials of a staged family that got as far, the best third goes on


@dataclass(frozen=True)
class FamilyPruner(optuna.pruners.BasePruner):
    """Stops a trial that is behind others of its family.

    A trial of a staged family goes on while it is in the best third of those that had as many rounds:
    asynchronous successive halving. Source: Li et al., "A system for massively parallel hyperparameter
    tuning", 2020. Others are stopped when their error so far exceeds that of their family's best trial by
    more than a margin.

    Args:
        margins: By fold, relative; after the last of them nobody is stopped.
        startup_trials: Trials of a family that are judged in full before any of it is stopped by a margin.
        staged: The staged families.
    """

    margins: Sequence[float]
    startup_trials: int
    staged: frozenset[str] = frozenset()

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        step = trial.last_step
        if step is None:
            return False
        if trial.params["family"] in self.staged:
            return _is_behind(study, trial, step)
        if step >= len(self.margins):
            return False
        rivals = _rivals(study, trial, (TrialState.COMPLETE,))
        if len(rivals) < self.startup_trials:
            return False
        best = min(rivals, key=error_of)
        return trial.intermediate_values[step] > best.intermediate_values[step] * (1 + self.margins[step])


def _is_behind(study: optuna.Study, trial: FrozenTrial, step: int) -> bool:
    own, states = trial.intermediate_values[step], (*JUDGED, TrialState.RUNNING)
    rivals = [rival for rival in _rivals(study, trial, states) if rival.number != trial.number]
    errors = [error for rival in rivals if (error := rival.intermediate_values.get(step)) is not None]
    return own > sorted([own, *errors])[len(errors) // KEPT]


def _rivals(study: optuna.Study, trial: FrozenTrial, states: Sequence[TrialState]) -> list[FrozenTrial]:
    judged = study.get_trials(deepcopy=False, states=tuple(states))
    return [rival for rival in judged if rival.params.get("family") == trial.params["family"]]


def error_of(trial: FrozenTrial) -> float:
    """Return the error of a trial that was judged in full."""
    assert trial.value is not None
    return float(trial.value)

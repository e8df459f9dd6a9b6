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


@dataclass(frozen=True)
class FamilyPruner(optuna.pruners.BasePruner):
    """Stops a trial whose error so far exceeds that of its family's best trial by more than a margin.

    Args:
        margins: By fold, relative; after the last of them nobody is stopped.
        startup_trials: Trials of a family that are judged in full before any of it is stopped.
    """

    margins: Sequence[float]
    startup_trials: int

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        fold = trial.last_step
        if fold is None or fold >= len(self.margins):
            return False
        judged = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        rivals = [rival for rival in judged if rival.params["family"] == trial.params["family"]]
        if len(rivals) < self.startup_trials:
            return False
        best = min(rivals, key=error_of)
        return trial.intermediate_values[fold] > best.intermediate_values[fold] * (1 + self.margins[fold])


def error_of(trial: FrozenTrial) -> float:
    """Return the error of a trial that was judged in full."""
    assert trial.value is not None
    return float(trial.value)

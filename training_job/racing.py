"""Which trials are stopped early: those that fall behind their own family at the same fold.

Optuna's median pruner compares a trial's best value so far with the others at this fold. Some months are
harder to forecast than others, so one easy fold would protect a trial from then on: of 16 trials on the
real data it stopped none. Families race among themselves, or the first one would stop those that a blend
needs beside it.
"""

from dataclasses import dataclass

import numpy as np
import optuna
from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class FamilyRace(optuna.pruners.BasePruner):
    """Stops a trial whose error so far is not among the best of its family that came as far.

    Args:
        kept_share: Share of trials that may go on, in (0, 1].
        startup_trials: Fewest rivals at a fold before any trial is stopped there.
    """

    kept_share: float
    startup_trials: int

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        fold = trial.last_step
        if fold is None:
            return False
        rivals = [
            other.intermediate_values[fold]
            for other in study.get_trials(deepcopy=False)
            if other.number != trial.number
            and other.params.get("family") == trial.params.get("family")
            and fold in other.intermediate_values
        ]
        if len(rivals) < self.startup_trials:
            return False
        return trial.intermediate_values[fold] > float(np.quantile(rivals, self.kept_share))

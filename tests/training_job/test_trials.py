"""A trial of a staged family grows, is stopped when it is behind, and finds its number of rounds."""

from collections.abc import Sequence

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from bikecast.arrays import Array
from bikecast.evaluation.splits import Fold
from bikecast.families import ROUNDS, family
from tests.unit.families.samples import TASKS, matrix, target
from training_job.tuning.pruning import FamilyPruner
from training_job.tuning.search import FamilySearch, Search, SearchRange, split_params
from training_job.tuning.trials import Judging, make_objective

N_ROWS, MOST = 400, 80
START = {ROUNDS: 40, "max_depth": 3, "learning_rate": 0.2}
SPACE = {
    ROUNDS: SearchRange(low=20, high=MOST),
    "max_depth": SearchRange(low=2, high=6),
    "learning_rate": SearchRange(low=0.001, high=0.5, log=True),
}
ALPHA = {"alpha": SearchRange(low=0.001, high=0.1, log=True)}
TREES = {"xgboost": FamilySearch(start=START, space=SPACE)}
LINES = {"glm": FamilySearch(start={"alpha": 0.01}, space=ALPHA)}


def search_of(families: dict[str, FamilySearch]) -> Search:
    """Return a search of these families."""
    parts = {
        "sampler": {"startup_trials": 4},
        "pruner": {"margins": [0.1], "startup_trials": 3},
        "worker": {"heartbeat_s": 1, "grace_s": 2, "retries": 1},
        "families": families,
    }
    return Search.model_validate(parts)


def judging(kind: str) -> Judging:
    """Rows of a task in three folds."""
    task, features = TASKS[kind], matrix(1, n_rows=N_ROWS)
    actual = target(features, task, seed=2)
    fold_of = np.arange(N_ROWS) % 3
    folds = [Fold(number, fold_of != number, fold_of == number) for number in range(3)]

    def error(output: Array) -> float:
        if task.n_classes is None:
            return float(np.sqrt(np.nanmean((output - actual) ** 2)))
        return float(np.nanmean(-np.log(output[np.arange(N_ROWS), actual.astype(int)] + 1e-9)))

    return Judging(features, actual, task, folds, error)


def searched(
    rows: Judging, *, n_trials: int, kept: dict[int, Array], families: dict[str, FamilySearch] = TREES
) -> optuna.Study:
    """Run trials on a study in memory."""
    pruner = FamilyPruner((0.1,), 3, frozenset({"xgboost"}))
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1), pruner=pruner)
    study.optimize(
        make_objective(rows, search_of(families), seed=7, keep=kept.__setitem__), n_trials=n_trials
    )
    return study


def whole(rows: Judging, name: str, params: dict[str, float]) -> Sequence[Array]:
    """Fit the same by whole fits, one fold after the other."""
    chosen, found = family(name), []
    for fold in rows.folds:
        features, actual = rows.features[fold.train], rows.target[fold.train]
        fitted = chosen.fit(features, actual, task=rows.shape, params=params, seed=7)
        found.append(fitted.predict(rows.features[fold.valid]))
    return found


@pytest.mark.parametrize("kind", TASKS)
def test_the_error_of_a_trial_is_that_of_whole_fits_with_the_rounds_that_it_found(kind: str) -> None:
    rows, kept = judging(kind), dict[int, Array]()
    best = searched(rows, n_trials=6, kept=kept).best_trial
    name, params = split_params(best.params)
    assert name == "xgboost"
    assert SPACE[ROUNDS].low <= params[ROUNDS] <= MOST
    np.testing.assert_array_equal(kept[best.number], rows.whole(whole(rows, name, params)))
    assert best.value == rows.error(kept[best.number])


def test_trials_that_are_behind_are_stopped_and_leave_nothing() -> None:
    rows, kept = judging("number"), dict[int, Array]()
    study = searched(rows, n_trials=15, kept=kept)
    stopped = [trial for trial in study.trials if trial.state is TrialState.PRUNED]
    assert len(stopped) > 5
    assert {trial.number for trial in stopped}.isdisjoint(kept)
    assert all(f"xgboost.{ROUNDS}" not in trial.params for trial in stopped)


def test_the_same_seed_finds_the_same() -> None:
    rows = judging("two classes")
    first, second = (searched(rows, n_trials=8, kept={}) for _ in range(2))
    assert [trial.params for trial in first.trials] == [trial.params for trial in second.trials]
    assert [trial.value for trial in first.trials] == [trial.value for trial in second.trials]


def test_a_trial_that_gets_worse_is_not_fitted_to_the_end() -> None:
    rows, asked = judging("number"), list[Array]()
    easy = Judging(rows.features, rows.target, rows.shape, rows.folds, lambda _: float(len(asked)))

    def error(output: Array) -> float:
        asked.append(output)
        return easy.error(output)

    grown = Judging(rows.features, rows.target, rows.shape, rows.folds, error)
    best = searched(grown, n_trials=1, kept={}).best_trial
    assert best.params[f"xgboost.{ROUNDS}"] == SPACE[ROUNDS].low
    assert len(asked) == 4  # twenty rounds are two eighths, and two more bring nothing


def test_another_family_is_judged_fold_by_fold() -> None:
    rows, kept = judging("number"), dict[int, Array]()
    best = searched(rows, n_trials=2, kept=kept, families=LINES).best_trial
    name, params = split_params(best.params)
    np.testing.assert_array_equal(kept[best.number], rows.whole(whole(rows, name, params)))
    assert list(best.intermediate_values) == [fold.number for fold in rows.folds]
    assert best.value == best.intermediate_values[2] == rows.error(kept[best.number])

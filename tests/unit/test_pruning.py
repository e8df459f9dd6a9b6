"""Trials race within their family, fold by fold; harder months protect nobody."""

import optuna
from optuna.trial import FrozenTrial, TrialState

from training_job.tuning.pruning import FamilyPruner

PRUNER = FamilyPruner(margins=(0.1, 0.05), startup_trials=3)


def _study(*errors: tuple[str, list[float]]) -> optuna.Study:
    study = optuna.create_study(pruner=PRUNER)
    for family, folds in errors:
        study.add_trial(_trial(family, folds))
    return study


def _trial(family: str, folds: list[float], *, state: TrialState = TrialState.COMPLETE) -> FrozenTrial:
    return optuna.trial.create_trial(
        state=state,
        value=folds[-1] if state is TrialState.COMPLETE else None,
        params={"family": family},
        distributions={"family": optuna.distributions.CategoricalDistribution(["trees", "glm"])},
        intermediate_values=dict(enumerate(folds)),
    )


def _is_stopped(study: optuna.Study, family: str, folds: list[float]) -> bool:
    study.add_trial(_trial(family, folds, state=TrialState.RUNNING))
    return PRUNER.prune(study, study.get_trials()[-1])


def test_the_margin_narrows_fold_by_fold() -> None:
    study = _study(*[("trees", [100.0, 100.0, 100.0])] * 3)
    assert not _is_stopped(study, "trees", [109.0])
    assert _is_stopped(study, "trees", [111.0])
    assert not _is_stopped(study, "trees", [109.0, 104.0])
    assert _is_stopped(study, "trees", [109.0, 109.0])
    assert not _is_stopped(study, "trees", [109.0, 104.0, 900.0])  # all of its work is done


def test_it_is_the_best_trial_at_the_same_fold_that_counts() -> None:
    worse = [("trees", [50.0, 80.0, 120.0])] * 3
    study = _study(*worse, ("trees", [100.0, 100.0, 100.0]))
    assert not _is_stopped(study, "trees", [105.0])


def test_an_easy_first_month_does_not_protect_a_trial_in_the_second() -> None:
    study = _study(*[("trees", [100.0, 200.0, 200.0])] * 4)
    assert _is_stopped(study, "trees", [100.0, 250.0])
    median = optuna.pruners.MedianPruner(n_startup_trials=1)
    assert not median.prune(study, study.get_trials()[-1])  # why this race is not the library's


def test_a_family_races_only_against_itself() -> None:
    study = _study(*[("trees", [100.0, 100.0, 100.0])] * 3)
    assert not _is_stopped(study, "glm", [500.0])
    assert _is_stopped(study, "trees", [500.0])


def test_nobody_is_stopped_before_enough_of_the_family_were_judged() -> None:
    study = _study(*[("trees", [100.0, 100.0, 100.0])] * 2)
    assert not _is_stopped(study, "trees", [900.0])


def _goes_on(errors: list[float], own: float, *, step: int = 0) -> bool:
    pruner = FamilyPruner(margins=(), startup_trials=9, staged=frozenset({"trees"}))
    study = optuna.create_study(pruner=pruner)
    for error in errors:
        study.add_trial(_trial("trees", [error], state=TrialState.PRUNED))
    study.add_trial(_trial("glm", [0.0]))
    study.add_trial(_trial("trees", [90.0] * step + [own], state=TrialState.RUNNING))
    return not pruner.prune(study, study.get_trials()[-1])


def test_the_best_third_of_a_staged_family_goes_on() -> None:
    assert _goes_on([], 100.0)
    assert not _goes_on([99.0], 100.0)
    assert not _goes_on([99.0, 101.0], 100.0)
    assert _goes_on([99.0, 101.0, 102.0], 100.0)
    assert not _goes_on([98.0, 99.0, 101.0, 102.0], 100.0)


def test_only_those_that_got_as_far_are_compared() -> None:
    assert _goes_on([99.0, 99.0], 100.0, step=1)

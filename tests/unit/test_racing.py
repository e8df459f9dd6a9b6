"""Trials race within their family, fold by fold; harder months protect nobody."""

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from training_job.racing import FamilyRace

RACE = FamilyRace(kept_share=0.25, startup_trials=3)


def _study(*errors: tuple[str, list[float]]) -> optuna.Study:
    study = optuna.create_study(pruner=RACE)
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
    return RACE.prune(study, study.get_trials()[-1])


@pytest.mark.parametrize(("last", "stopped"), [(105.0, False), (115.0, True)])
def test_only_the_best_quarter_goes_on(last: float, stopped: bool) -> None:
    study = _study(*[("trees", [error]) for error in (100.0, 110.0, 120.0, 130.0, 140.0)])
    assert _is_stopped(study, "trees", [last]) is stopped


def test_an_easy_first_month_does_not_protect_a_trial_in_the_second() -> None:
    study = _study(*[("trees", [error, 2 * error]) for error in (100.0, 101.0, 102.0, 103.0)])
    assert _is_stopped(study, "trees", [100.0, 250.0])
    median = optuna.pruners.MedianPruner(n_startup_trials=1)
    assert not median.prune(study, study.get_trials()[-1])  # why this race is not the library's


def test_a_family_races_only_against_itself() -> None:
    study = _study(*[("trees", [error]) for error in (100.0, 110.0, 120.0, 130.0)])
    assert not _is_stopped(study, "glm", [500.0])
    assert _is_stopped(study, "trees", [500.0])


def test_nobody_is_stopped_before_there_are_rivals_at_the_fold() -> None:
    study = _study(("trees", [100.0, 200.0]), ("trees", [100.0, 200.0]), ("trees", [100.0]))
    assert not _is_stopped(study, "trees", [100.0, 900.0])

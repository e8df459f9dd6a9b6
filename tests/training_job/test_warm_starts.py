"""A search begins where the champion's search ended, family by family."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from bikecast.database import DatabaseSettings
from bikecast.registry.champion_store import ChampionStore
from tests.training_job.world import QUICK_SEARCH, folder_context
from tests.unit.serving import world
from training_job.migrations import migrate
from training_job.runtime.context import Context
from training_job.tuning.search import Search
from training_job.tuning.study import enqueue_starts, found_by_champion, open_study
from use_cases.citibike.training.search import load_hourly_search

TREES = {"n_estimators": 70, "max_depth": 5}


@pytest.fixture
def context(tmp_path: Path, database: DatabaseSettings) -> Context:
    migrate(database)
    return replace(folder_context(tmp_path), database=database)


@pytest.fixture
def search() -> Search:
    return load_hourly_search(QUICK_SEARCH)


def _trial(value: float, family: str, **params: float) -> optuna.trial.FrozenTrial:
    kinds: dict[str, BaseDistribution] = {
        name: IntDistribution(1, 1000) if isinstance(param, int) else FloatDistribution(0, 1)
        for name, param in params.items()
    }
    return optuna.trial.create_trial(
        value=value,
        params={"family": family} | {f"{family}.{name}": param for name, param in params.items()},
        distributions={"family": CategoricalDistribution(["xgboost", "glm"])}
        | {f"{family}.{name}": kind for name, kind in kinds.items()},
    )


def _waiting(study: optuna.Study) -> list[dict[str, Any]]:
    return [trial.system_attrs["fixed_params"] for trial in study.get_trials(deepcopy=False)]


def _promote(context: Context) -> str:
    """Publish a champion and return the name of its execution."""
    world.publish(context.serving, "1", scale=1)
    manifest = ChampionStore(context.serving).look().manifest
    assert manifest is not None
    assert manifest.change is not None
    return manifest.change.execution


def test_the_champions_best_of_each_family_comes_before_the_files_starts(
    context: Context, search: Search
) -> None:
    earlier = open_study(context.database, _promote(context), search=search)
    earlier.add_trials(
        [_trial(9.0, "xgboost", n_estimators=40, max_depth=3), _trial(7.0, "xgboost", **TREES)]
    )
    study = open_study(context.database, "next", search=search)
    enqueue_starts(study, search, known=found_by_champion(context, search))
    first, second, third = _waiting(study)
    assert first == {"family": "xgboost", "xgboost.max_depth": 5}  # each trial finds its rounds
    assert second == {"family": "glm", "glm.alpha": 0.003}
    assert third["xgboost.max_depth"] == search.families["xgboost"].start["max_depth"]


@pytest.mark.parametrize("params", [TREES | {"max_depth": 9}, {"max_depth": 4}, TREES | {"gamma": 1}])
def test_what_the_search_does_not_allow_any_more_is_left_out(
    context: Context, search: Search, params: dict[str, float]
) -> None:
    study = open_study(context.database, "next", search=search)
    enqueue_starts(study, search, known={"xgboost": params, "gone": {}})
    assert [waiting["family"] for waiting in _waiting(study)] == list(search.families)


def test_without_a_champion_or_its_study_the_files_starts_remain(context: Context, search: Search) -> None:
    open_study(context.database, "next", search=search)
    assert found_by_champion(context, search) == {}
    _promote(context)
    assert found_by_champion(context, search) == {}

"""Challengers that must never serve, and workers that die: what registry and record say afterwards."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from bikecast.arrays import Array, Matrix
from bikecast.families import Fitted
from bikecast.names import CHAMPION_KEY, evaluation_prefix, progress_key
from tests.postgres import Server
from tests.training_job import world as made_up
from tests.training_job.world import QUICK_SEARCH, World
from use_cases.citibike.model.intervals import IntervalCalibration
from use_cases.citibike.model.task import TASK

pytestmark = pytest.mark.xdist_group("bad-challengers")


@dataclass(frozen=True)
class Spoiled:
    """A model whose predictions are multiplied, after it was exported rightly or wrongly."""

    good: Fitted
    factor: float
    graph_factor: float

    def predict(self, features: Matrix) -> Array:
        return self.good.predict(features) * self.factor

    def importance(self) -> dict[str, float]:
        return self.good.importance()

    def to_onnx(self) -> Any:
        from onnx import compose, helper

        from bikecast.families.graphs import INPUT, VALUES, model, tensor

        graph = compose.add_prefix(self.good.to_onnx(), "good_").graph
        nodes = [
            helper.make_node("Identity", [INPUT], ["good_" + INPUT]),
            *graph.node,
            helper.make_node("Mul", ["good_" + VALUES, "factor"], [VALUES]),
        ]
        return model(
            nodes, [*graph.initializer, tensor("factor", self.graph_factor)], task=TASK, name="spoiled"
        )


@pytest.fixture(scope="module")
def trained(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, dict[str, Any]]:
    """A city with a champion."""
    world = made_up.build(tmp_path_factory.mktemp("city"), postgres.create_database())
    job = world.until_evaluated("good")
    world.step("promote", job)
    return world, job


@pytest.mark.parametrize(
    ("factor", "graph_factor", "reason"),
    [
        (50.0, 50.0, "does not significantly beat the baseline"),
        (float("nan"), float("nan"), "not a number"),
        (1.0, 1.01, "differs from the fitted model"),
    ],
    ids=["fifty times too high", "not a number", "graph unlike the model"],
)
def test_bad_challenger_is_rejected_and_the_champion_stays(
    trained: tuple[World, dict[str, Any]], factor: float, graph_factor: float, reason: str
) -> None:
    world, job = trained
    before = world.context.serving.read(CHAMPION_KEY)
    execution = f"bad-{factor}-{graph_factor}"
    bad = {key: job[key] for key in ("request", "prepare")} | {"execution": execution}
    bad["train"] = _handed_over(world, bad, factor=factor, graph_factor=graph_factor)
    left_out = world.context.reports.read(f"{evaluation_prefix('good')}left_out.parquet").body
    world.context.reports.write(f"{evaluation_prefix(execution)}left_out.parquet", left_out)
    bad["evaluate"] = world.step("evaluate", bad)
    assert bad["evaluate"]["decision"] == "reject"
    assert reason in bad["evaluate"]["reason"]
    assert world.step("promote", bad)["decision"] == "rejected"
    assert world.context.serving.read(CHAMPION_KEY) == before
    assert world.tags(bad["evaluate"]["version"])["validation_status"] == "rejected"
    assert world.rows(f"select decision from decisions where id = '{execution}'") == [("rejected",)]


def _handed_over(world: World, job: dict[str, Any], *, factor: float, graph_factor: float) -> dict[str, Any]:
    """Hand a spoiled model over as ``train`` does."""
    from training_job.registry import tracking
    from training_job.runtime.handover import TrainJob
    from training_job.tuning.study import open_study, progress
    from use_cases.citibike.steps.train import fit_final
    from use_cases.citibike.steps.tune import tuning_sample
    from use_cases.citibike.training.challenger import Challenger, hand_over
    from use_cases.citibike.training.judgement import Calibration
    from use_cases.citibike.training.search import load_hourly_search

    context, train = world.context, TrainJob.model_validate(job)
    search, sample = load_hourly_search(QUICK_SEARCH), tuning_sample(context, train.prepare)
    good = fit_final(sample, {"xgboost": {"n_estimators": 60}}, seed=1)
    run_id = tracking.open_run(tracking.open_client(context), context, execution=train.execution, tags={})
    interval = _calibrated(world)
    calibration = Calibration(level=search.level.state(), interval=interval, cv_rmse=1.0)
    spoiled = Spoiled(good, factor, graph_factor)
    challenger = Challenger(spoiled, calibration, members=("spoiled",), run_id=run_id)
    study = progress(
        open_study(context.database, "good", search=search), n_trials=3, metric="RMSE", now=context.clock()
    )
    return hand_over(context, train, challenger, sample, study).model_dump(mode="json")


def _calibrated(world: World) -> IntervalCalibration:
    from bikecast.registry.champion_store import ChampionStore
    from use_cases.citibike.model.forecaster import interval_of

    champion = ChampionStore(world.context.serving).read().manifest
    assert champion is not None
    return interval_of(champion)


def test_a_dead_workers_trial_is_tried_again_and_the_study_goes_on(
    trained: tuple[World, dict[str, Any]],
) -> None:
    from training_job.tuning.study import open_study
    from use_cases.citibike.training.search import load_hourly_search

    world = trained[0]
    job: dict[str, Any] = {"request": made_up.REQUEST | {"n_trials": 4}, "execution": "worker-died"}
    job["prepare"] = world.step("prepare", job)
    study = open_study(world.context.database, "worker-died", search=load_hourly_search(QUICK_SEARCH))
    dead = study.ask()
    dead.suggest_categorical("family", ["xgboost", "glm"])
    storage: Any = study._storage
    storage.record_heartbeat(dead._trial_id)  # what its heartbeat thread did before it was killed
    _let_heartbeats_age(world)
    result = world.step("tune", {**job, "worker": 0})
    assert result["n_trials_done"] == 4
    assert result["n_retried"] == 1
    told = json.loads(world.context.reports.read(progress_key("worker-died")).body)
    assert (told["n_trials"], told["n_trials_done"], told["n_retried"]) == (4, 4, 1)
    assert told["best_value"] > 0
    retried = [t for t in study.get_trials() if t.system_attrs.get("failed_trial") == dead.number]
    assert [trial.state.name for trial in retried] == ["COMPLETE"]


def _let_heartbeats_age(world: World) -> None:
    from bikecast.database import connect

    with connect(world.context.database, application="test") as connection:
        connection.execute("update optuna.trial_heartbeats set heartbeat = heartbeat - interval '1 hour'")


def test_an_execution_that_is_taken_up_again_keeps_its_trials_and_its_version(
    trained: tuple[World, dict[str, Any]],
) -> None:
    world, job = trained
    again = {key: job[key] for key in ("request", "execution", "prepare")}
    assert world.step("prepare", again) == job["prepare"]
    assert world.step("tune", {**again, "worker": 1})["n_trials_done"] == made_up.REQUEST["n_trials"]
    assert world.step("train", again)["graph"] == job["train"]["graph"]
    assert world.step("evaluate", job)["version"] == job["evaluate"]["version"]


def test_a_window_that_is_too_short_fails_at_once_and_says_what_to_load(
    trained: tuple[World, dict[str, Any]],
) -> None:
    from bikecast.errors import DataError

    short = made_up.REQUEST | {"start_train_date": "2024-07-10"}
    with pytest.raises(DataError, match="load more months"):
        trained[0].step("prepare", {"request": short, "execution": "short"})


def test_a_start_after_all_data_names_the_days_that_are_there(trained: tuple[World, dict[str, Any]]) -> None:
    from bikecast.errors import DataError

    late = {"request": {"start_train_date": "2025-01-01"}, "execution": "late"}
    with pytest.raises(
        DataError, match=r"reach from 2024-03-01 to 2024-07-31; .*--start 2024-03-01 --end 2024-07-31"
    ):
        trained[0].step("prepare", late)

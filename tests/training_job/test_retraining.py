"""One retraining after another on folders and a real database; what goes wrong leaves the champion."""

import datetime as dt
import json
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bikecast.errors import ArtifactError, ConflictError, DataError, InputError
from bikecast.names import (
    AUTOMATION_KEY,
    CHAMPION_HISTORY_PREFIX,
    CHAMPION_KEY,
    MODEL_NAME,
    evaluation_prefix,
)
from bikecast.registry.champion_store import ChampionStore
from bikecast.registry.manifest import ChampionManifest, Change, ChangeAction, parse_manifest
from tests.postgres import Server
from tests.training_job import world as made_up
from tests.training_job.world import World
from training_job.publication.following import follow_champion
from training_job.registry import tracking
from training_job.registry.mlflow_registry import MlflowRegistry
from training_job.runtime import training_sets
from use_cases.citibike.model.forecaster import Forecaster, level_of
from use_cases.citibike.weather.files import merge_weather

pytestmark = pytest.mark.xdist_group("retraining")


@pytest.fixture(scope="module")
def first(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, dict[str, Any]]:
    """A city whose first execution was promoted."""
    world = made_up.build(tmp_path_factory.mktemp("city"), postgres.create_database())
    job = world.until_evaluated("first")
    job["promote"] = world.step("promote", job)
    return world, job


@pytest.fixture
def world(first: tuple[World, dict[str, Any]]) -> Iterator[World]:
    """The city with the first champion, put back after each test."""
    city = first[0]
    serving = city.context.serving
    before, records = serving.read(CHAMPION_KEY).body, set(serving.keys(CHAMPION_HISTORY_PREFIX))
    yield city
    for key in set(serving.keys(CHAMPION_HISTORY_PREFIX)) - records:
        serving.delete(key)
    serving.write(CHAMPION_KEY, before)
    serving.delete(AUTOMATION_KEY)
    follow_champion(city.context)


@pytest.fixture(scope="module")
def second(first: tuple[World, dict[str, Any]]) -> dict[str, Any]:
    """A second execution on the same data, judged but not yet acted on."""
    return first[0].until_evaluated("second", random_state=7)


def _as_promoted(job: dict[str, Any]) -> dict[str, Any]:
    """Return the input of ``promote`` as if the gate had said yes."""
    return {**job, "evaluate": job["evaluate"] | {"decision": "promote", "reason": "better everywhere"}}


def _published(world: World, job: dict[str, Any]) -> ChampionManifest:
    """Return the manifest that was judged."""
    key = job["evaluate"]["manifest"]["key"]
    return parse_manifest(world.context.serving.read(key).body, key)


def _change(execution: str) -> Change:
    now = dt.datetime.now(dt.UTC)
    return Change(action=ChangeAction.PROMOTED, at=now, execution=execution, reason="better everywhere")


def _roll_back(world: World, request: dict[str, Any]) -> Any:
    return world.step("rollback", {"execution": f"rollback-{uuid.uuid4().hex}", **request})


def _champion(world: World) -> ChampionManifest:
    manifest = ChampionStore(world.context.serving).read().manifest
    assert manifest is not None
    return manifest


def test_the_first_challenger_beats_the_baselines_and_serves(first: tuple[World, dict[str, Any]]) -> None:
    world, job = first
    champion = _champion(world)
    assert job["promote"]["decision"] == "promoted"
    assert champion.version == job["evaluate"]["version"]
    assert champion.holdout.values["rmse"] < min(
        scores.values["rmse"] for scores in champion.baselines.values()
    )
    assert world.aliases() == {"champion": champion.version}
    tags = world.tags(champion.version)
    assert (tags["stage"], tags["validation_status"]) == ("Production", "approved")
    assert float(tags["rmse"]) == pytest.approx(champion.holdout.values["rmse"], rel=1e-4)


def test_the_served_model_scores_on_the_holdout_what_the_manifest_says(
    first: tuple[World, dict[str, Any]],
) -> None:
    from use_cases.citibike.training import dataset

    world, job = first
    champion = _champion(world)
    frame = training_sets.read_frame(world.context.data, job["prepare"]["training_set_key"])
    sample = dataset.to_sample(frame)
    holdout = sample.take(sample.hours >= np.datetime64(job["prepare"]["holdout_start"]))
    weather = {name: frame[name].to_numpy()[-holdout.hours.size :] for name in dataset.WEATHER}
    forecast = Forecaster.load(world.context.serving, champion).predict(holdout.hours, weather)
    rmse = float(np.sqrt(np.mean((forecast.values - holdout.actual) ** 2)))
    inside = np.mean((holdout.actual >= forecast.low) & (holdout.actual <= forecast.high))
    assert rmse == pytest.approx(champion.holdout.values["rmse"], rel=1e-6)
    assert inside == pytest.approx(champion.holdout.coverage)


def test_the_record_says_what_the_decision_rests_on(first: tuple[World, dict[str, Any]]) -> None:
    world, job = first
    record = json.loads(world.context.reports.read(job["evaluate"]["decision_key"]).body)
    assert record["decision"] == "promoted"
    assert record["challenger"]["scores"]["values"] == job["evaluate"]["scores"]
    assert set(record["against_baselines"]) == {"same_hour_last_week", "mean_of_four_weeks"}
    assert record["data_hash"] == job["prepare"]["data_hash"]
    assert record["parity"]["all_weather"] <= record["parity"]["tolerance"]
    assert all(world.context.reports.read(key).body.startswith(b"\x89PNG") for key in record["plots"])
    [(decision, version, uri)] = world.rows(
        "select decision, challenger_version, record_uri from decisions where id = 'first'"
    )
    assert (decision, version) == ("promoted", job["evaluate"]["version"])
    assert uri == world.tags(version)["decision_uri"]


def test_every_trial_is_a_nested_run(first: tuple[World, dict[str, Any]]) -> None:
    world, job = first
    client = tracking.open_client(world.context)
    parent = client.get_run(job["train"]["run_id"])
    nested = client.search_runs(
        [parent.info.experiment_id], f"tags.`{tracking.PARENT_TAG}` = '{parent.info.run_id}'"
    )
    trials = [run for run in nested if tracking.TRIAL_TAG in run.data.tags]
    assert len(trials) == made_up.REQUEST["n_trials"]
    assert all("cv_rmse" in run.data.metrics for run in trials)
    assert parent.data.metrics["holdout_rmse"] == pytest.approx(job["evaluate"]["scores"]["rmse"])
    assert parent.info.status == "FINISHED"


def test_the_reference_is_scored_without_having_seen_its_rows(first: tuple[World, dict[str, Any]]) -> None:

    world, job = first
    reference = training_sets.read_frame(world.context.serving, _champion(world).reference.key)
    assert len(reference) == job["prepare"]["n_rows"]
    assert (reference["out_of_sample"] == 1).all()
    assert np.isfinite(reference[["trips", "prediction", "low", "high"]]).all(axis=None)


def test_as_good_is_not_good_enough(world: World, second: dict[str, Any]) -> None:
    before = world.context.serving.read(CHAMPION_KEY).etag
    result = world.step("promote", second)
    assert result["decision"] == "rejected"
    assert "a promotion needs 10 %" in result["reason"]
    assert world.context.serving.read(CHAMPION_KEY).etag == before
    assert world.tags(second["evaluate"]["version"])["validation_status"] == "rejected"
    assert "candidate" not in world.aliases()


def test_of_two_that_race_only_the_first_is_promoted(world: World, second: dict[str, Any]) -> None:
    late = _as_promoted(second)
    late["evaluate"] |= {"champion_version": "0", "champion_run_id": "another"}
    result = world.step("promote", late)
    assert result["decision"] == "rejected"
    assert "champion changed" in result["reason"]


def test_a_write_between_reading_and_publishing_loses_nothing(world: World, second: dict[str, Any]) -> None:
    champions = ChampionStore(world.context.serving)
    stale = champions.read()
    assert stale.manifest is not None
    newer = stale.manifest.model_copy(update={"code_version": "somebody else"})
    champions.refresh(newer, replacing=stale)
    with pytest.raises(ConflictError):
        champions.publish(_published(world, second), _change("late"), replacing=stale)
    assert _champion(world).code_version == "somebody else"


def test_a_promotion_that_died_after_publishing_is_completed_by_repeating_it(
    world: World, second: dict[str, Any]
) -> None:
    champions = ChampionStore(world.context.serving)
    before = champions.read()
    champions.publish(_published(world, second), _change("second"), replacing=before)
    assert world.aliases()["champion"] == before.version  # died here: the registry lags behind
    assert world.step("promote", _as_promoted(second))["decision"] == "promoted"
    assert world.aliases()["champion"] == second["evaluate"]["version"]


def test_a_promotion_that_died_is_also_completed_by_the_next_execution(
    world: World, second: dict[str, Any]
) -> None:
    champions = ChampionStore(world.context.serving)
    champions.publish(_published(world, second), _change("second"), replacing=champions.read())
    follow_champion(world.context)
    version = second["evaluate"]["version"]
    assert world.aliases()["champion"] == version
    found = MlflowRegistry(tracking.open_client(world.context), world.context).versions(MODEL_NAME)
    assert [each.version for each in found if each.tags["stage"] == "Production"] == [version]
    assert world.rows("select decision from decisions where id = 'second'") == [("promoted",)]


def test_a_repeated_promotion_does_not_undo_a_rollback(world: World, second: dict[str, Any]) -> None:
    assert world.step("promote", _as_promoted(second))["decision"] == "promoted"
    old = _roll_back(world, {})["champion"]
    again = world.step("promote", _as_promoted(second))
    assert (again["decision"], again["champion"]) == ("promoted", old)
    assert _champion(world).version == old


@pytest.mark.parametrize(
    ("switch", "reason"),
    [({"paused": True, "reason": "severe drift"}, "severe drift"), ("not json", "cannot be read")],
)
def test_paused_automation_stops_promotion(
    world: World, second: dict[str, Any], switch: object, reason: str
) -> None:
    body = switch.encode() if isinstance(switch, str) else json.dumps(switch).encode()
    world.context.serving.write(AUTOMATION_KEY, body)
    result = world.step("promote", _as_promoted(second))
    assert result["decision"] == "rejected"
    assert reason in result["reason"]


def test_what_simulated_data_taught_is_not_promoted_once_real_data_was_loaded(
    world: World, second: dict[str, Any]
) -> None:
    simulated = {**_as_promoted(second), "prepare": second["prepare"] | {"simulated": True}}
    result = world.step("promote", simulated)
    assert result["decision"] == "rejected"
    assert "real data was loaded since" in result["reason"]


def test_files_that_do_not_load_are_not_promoted(world: World, second: dict[str, Any]) -> None:
    key = _published(world, second).model.key
    body = world.context.serving.read(key).body
    world.context.serving.write(key, b"damaged")
    result = world.step("promote", _as_promoted(second))
    world.context.serving.write(key, body)
    assert result["decision"] == "rejected"
    assert "its files do not load" in result["reason"]


def test_the_manifest_of_another_version_is_not_promoted(world: World, second: dict[str, Any]) -> None:
    other = _as_promoted(second)
    other["train"] = second["train"] | {"run_id": "another"}
    result = world.step("promote", other)
    assert result["decision"] == "rejected"
    assert "the manifest is that of" in result["reason"]


def test_a_person_who_says_no_is_named_in_the_record(world: World, second: dict[str, Any]) -> None:
    no = {"decision": "reject", "by": "ada", "reason": "wait for the holiday"}
    result = world.step("promote", {**_as_promoted(second), "approval": no})
    assert result["decision"] == "rejected"
    assert "ada: wait for the holiday" in result["reason"]


def test_a_champion_that_does_not_load_stays_and_the_record_says_so(
    world: World, second: dict[str, Any]
) -> None:
    key = _champion(world).model.key
    body = world.context.serving.read(key).body
    world.context.serving.delete(key)
    result = world.step("evaluate", second)
    world.context.serving.write(key, body)
    assert result["decision"] == "reject"
    assert "the champion (version 1) does not load" in result["reason"]
    assert "restore it from the bucket's earlier versions" in result["reason"]
    assert world.step("promote", {**second, "evaluate": result})["decision"] == "rejected"


def test_rollback_brings_the_previous_champion_back(world: World, second: dict[str, Any]) -> None:
    old = _champion(world)
    world.step("promote", _as_promoted(second))
    assert world.aliases() == {"champion": second["evaluate"]["version"], "previous_champion": old.version}
    result = _roll_back(world, {"reason": "doubled predictions"})
    assert (result["champion"], result["replaced"]) == (old.version, second["evaluate"]["version"])
    assert _champion(world).version == old.version
    assert world.aliases() == {"champion": old.version, "previous_champion": second["evaluate"]["version"]}
    assert world.tags(second["evaluate"]["version"])["stage"] == "Archived"
    assert ("doubled predictions",) in world.rows(
        "select reason from decisions where decision = 'rolled_back'"
    )


def test_rollback_to_files_that_do_not_load_changes_nothing(world: World, second: dict[str, Any]) -> None:
    old = _champion(world)
    world.step("promote", _as_promoted(second))
    body = world.context.serving.read(old.model.key).body
    world.context.serving.write(old.model.key, b"damaged")
    with pytest.raises(ArtifactError, match="not the file"):
        _roll_back(world, {})
    world.context.serving.write(old.model.key, body)
    assert _champion(world).version == second["evaluate"]["version"]
    assert world.aliases()["champion"] == second["evaluate"]["version"]
    _roll_back(world, {})


def test_rollback_without_a_database_changes_nothing(world: World, second: dict[str, Any]) -> None:
    import dataclasses

    world.step("promote", _as_promoted(second))
    away = world.context.database.model_copy(update={"port": 1})
    with pytest.raises(Exception, match=r"[Cc]onnection"):
        _roll_back(World(dataclasses.replace(world.context, database=away)), {})
    assert _champion(world).version == second["evaluate"]["version"]
    _roll_back(world, {})


def test_a_second_rollback_takes_the_first_one_back(world: World, second: dict[str, Any]) -> None:
    world.step("promote", _as_promoted(second))
    _roll_back(world, {})
    assert _roll_back(world, {})["champion"] == second["evaluate"]["version"]
    assert world.aliases()["champion"] == second["evaluate"]["version"]


def test_a_version_that_was_never_promoted_comes_back_by_force_and_with_a_reason_only(
    world: World, second: dict[str, Any]
) -> None:
    version = second["evaluate"]["version"]
    with pytest.raises(InputError, match=r"was never promoted \(promoted so far: 1\)"):
        _roll_back(world, {"version": version})
    with pytest.raises(InputError, match="needs `version` and `reason`"):
        _roll_back(world, {"version": version, "force": True})
    assert _champion(world).version == "1"
    result = _roll_back(world, {"version": version, "force": True, "reason": "the gate is wrong"})
    assert result["champion"] == version
    change = _champion(world).change
    assert change is not None
    assert (change.forced, change.reason) == (True, "the gate is wrong")
    assert ("the gate is wrong",) in world.rows("select reason from decisions where decision = 'rolled_back'")


@pytest.mark.parametrize("body", [b"{", b'{"schema_version": 2}', None])
def test_an_unreadable_manifest_is_repaired_by_naming_a_version(
    world: World, second: dict[str, Any], body: bytes | None
) -> None:
    world.step("promote", _as_promoted(second))
    serving = world.context.serving
    if body is None:
        serving.delete(CHAMPION_KEY)
    else:
        serving.write(CHAMPION_KEY, body)
    with pytest.raises(InputError, match=r"rollback --to VERSION.*promoted so far: 2, 1"):
        _roll_back(world, {})
    with pytest.raises(ArtifactError, match="rollback --to VERSION"):
        world.step("refresh_level", {})
    assert world.step("promote", _as_promoted(second))["decision"] == "promoted"  # long before the damage
    assert _roll_back(world, {"version": "1"})["champion"] == "1"
    assert _champion(world).previous is not None
    assert world.aliases()["champion"] == "1"


def test_a_challenger_is_rejected_while_nobody_can_read_what_serves(
    world: World, second: dict[str, Any]
) -> None:
    world.context.serving.write(CHAMPION_KEY, b"{")
    evaluated = world.step("evaluate", second)
    assert (evaluated["decision"], evaluated["version"]) == ("reject", second["evaluate"]["version"])
    assert "rollback --to VERSION" in evaluated["reason"]
    result = world.step("promote", _as_promoted(second))
    assert result["decision"] == "rejected"
    assert "cannot be read" in result["reason"] or "not a champion manifest" in result["reason"]


def test_a_training_under_another_name_is_a_trial(world: World, second: dict[str, Any]) -> None:
    before = {key: world.context.serving.read(key).body for key in world.context.serving.keys("")}
    trial = {
        **second,
        "execution": "trial",
        "request": second["request"] | {"registered_model_name": "other"},
    }
    left_out = world.context.reports.read(f"{evaluation_prefix('second')}left_out.parquet").body
    world.context.reports.write(f"{evaluation_prefix('trial')}left_out.parquet", left_out)
    trial["evaluate"] = world.step("evaluate", trial)
    assert (trial["evaluate"]["version"], trial["evaluate"]["decision"]) == ("1", "reject")
    assert "a trial and never promoted; the gate says" in trial["evaluate"]["reason"]
    result = world.step("promote", _as_promoted(trial))
    assert result["decision"] == "rejected"
    assert "a trial" in result["reason"]
    after = {key: world.context.serving.read(key).body for key in before}
    assert after == before


def test_files_of_a_version_are_written_once(world: World, second: dict[str, Any]) -> None:
    serving = world.context.serving
    before = {key: serving.read(key) for key in serving.keys("models/")}
    again = world.step("evaluate", second)
    assert again["version"] == second["evaluate"]["version"]
    assert {key: serving.read(key) for key in before} == before
    manifest = _published(world, {"evaluate": again})
    key = manifest.golden.key
    serving.write(key, b"damaged")
    with pytest.raises(ConflictError, match="is damaged"):
        world.step("evaluate", second)
    serving.write(key, before[key].body)


def test_a_graph_that_was_replaced_after_training_is_not_judged(world: World, second: dict[str, Any]) -> None:
    artifacts, key = world.context.artifacts, second["train"]["graph"]["key"]
    body = artifacts.read(key).body
    artifacts.write(key, body + b"x")
    with pytest.raises(ArtifactError, match="is not the file"):
        world.step("evaluate", second)
    artifacts.write(key, body)


def test_what_people_delete_in_the_registry_stops_nothing(world: World, second: dict[str, Any]) -> None:
    client = tracking.open_client(world.context)
    client.delete_registered_model_alias(MODEL_NAME, "champion")
    client.delete_run(second["train"]["run_id"])
    assert world.step("promote", _as_promoted(second))["decision"] == "promoted"
    version = second["evaluate"]["version"]
    assert world.aliases()["champion"] == version
    client.delete_model_version(MODEL_NAME, "1")
    assert _roll_back(world, {})["champion"] == "1"
    assert "champion" not in world.aliases()
    client.delete_registered_model(MODEL_NAME)
    assert _roll_back(world, {})["champion"] == version
    third = world.until_evaluated("third", random_state=8)
    assert third["evaluate"]["version"] == "1"  # counted anew; the run tells it from the first champion
    assert world.step("promote", _as_promoted(third))["decision"] == "promoted"
    assert _champion(world).run_id == third["train"]["run_id"]
    assert world.aliases() == {"champion": "1"}


def test_the_champion_is_not_rolled_back_to_itself(world: World) -> None:
    with pytest.raises(InputError, match="1 is the champion already"):
        _roll_back(world, {"version": "1"})


def test_there_is_nothing_before_the_first_champion(world: World) -> None:
    with pytest.raises(InputError, match="no champion before it"):
        _roll_back(world, {})


def test_level_follows_demand_that_arrives(world: World) -> None:
    before = level_of(_champion(world))
    assert world.step("refresh_level", {})["refreshed"] is False
    made_up.load(world, made_up.LATER)
    result = world.step("refresh_level", {})
    made_up.load(world, made_up.END)
    assert result["refreshed"] is True
    assert result["as_of"] == made_up.LATER.isoformat()
    after = level_of(_champion(world))
    assert after.days[: len(before.days) - 3] == before.days[: len(before.days) - 3]


def test_a_past_period_is_predicted_once_as_it_would_have_been_served(world: World) -> None:
    period = {"start": "2024-07-01", "end": "2024-07-07"}
    assert world.step("predict_period", period)["n_predictions"] == 7 * 24
    world.step("predict_period", period)
    [(count, hits)] = world.rows(
        "select count(*), count(a.value) from predictions p join actuals a using (use_case, key)"
    )
    assert (count, hits) == (7 * 24, 7 * 24)


def test_a_period_without_demand_needs_its_weather_alone(world: World) -> None:
    days = pd.date_range("2024-09-01", periods=3)
    merge_weather(world.context.data, pd.DataFrame({"DATE": days, "TMAX": 75.0, "TMIN": 60.0, "SNOW": 0.0}))
    period = {"start": "2024-09-01", "end": "2024-09-03"}
    assert world.step("predict_period", period)["n_predictions"] == 3 * 24
    with pytest.raises(DataError, match="no weather between 2024-09-04"):
        world.step("predict_period", {"start": "2024-09-04", "end": "2024-09-05"})

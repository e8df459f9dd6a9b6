"""One retraining after another on folders and a real database; what goes wrong leaves the champion."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bikecast.errors import ArtifactError, ConflictError, DataError, InputError
from bikecast.forecaster import Forecaster
from bikecast.manifest import ChampionManifest
from bikecast.names import AUTOMATION_KEY, CHAMPION_KEY
from bikecast.weather.files import merge_weather
from tests.postgres import Server
from tests.training_job import world as made_up
from tests.training_job.world import World
from training_job.champion import manifest_key, parse_manifest, publish, read_champion

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
    before = city.context.serving.read(CHAMPION_KEY).body
    yield city
    city.context.serving.write(CHAMPION_KEY, before)
    city.context.serving.delete(AUTOMATION_KEY)


@pytest.fixture(scope="module")
def second(first: tuple[World, dict[str, Any]]) -> dict[str, Any]:
    """A second execution on the same data, judged but not yet acted on."""
    return first[0].until_evaluated("second", random_state=7)


def _as_promoted(job: dict[str, Any]) -> dict[str, Any]:
    """Return the input of ``promote`` as if the gate had said yes."""
    return {**job, "evaluate": job["evaluate"] | {"decision": "promote", "reason": "better everywhere"}}


def _champion(world: World) -> ChampionManifest:
    manifest = read_champion(world.context.serving).manifest
    assert manifest is not None
    return manifest


def test_the_first_challenger_beats_the_baselines_and_serves(first: tuple[World, dict[str, Any]]) -> None:
    world, job = first
    champion = _champion(world)
    assert job["promote"]["decision"] == "promoted"
    assert champion.version == job["train"]["version"]
    assert champion.holdout.rmse < min(scores.rmse for scores in champion.baselines.values())
    assert world.aliases() == {"champion": champion.version}
    tags = world.tags(champion.version)
    assert (tags["stage"], tags["validation_status"]) == ("Production", "approved")
    assert float(tags["rmse"]) == pytest.approx(champion.holdout.rmse, rel=1e-4)


def test_the_served_model_scores_on_the_holdout_what_the_manifest_says(
    first: tuple[World, dict[str, Any]],
) -> None:
    from training_job import dataset

    world, job = first
    champion = _champion(world)
    frame = dataset.read_frame(world.context.data, job["prepare"]["training_set_key"])
    sample = dataset.to_sample(frame)
    holdout = sample.take(sample.hours >= np.datetime64(job["prepare"]["holdout_start"]))
    weather = {name: frame[name].to_numpy()[-holdout.hours.size :] for name in dataset.WEATHER}
    forecast = Forecaster.load(world.context.serving, champion).predict(holdout.hours, weather)
    rmse = float(np.sqrt(np.mean((forecast.values - holdout.actual) ** 2)))
    inside = np.mean((holdout.actual >= forecast.low) & (holdout.actual <= forecast.high))
    assert rmse == pytest.approx(champion.holdout.rmse, rel=1e-6)
    assert inside == pytest.approx(champion.holdout.coverage)


def test_the_record_says_what_the_decision_rests_on(first: tuple[World, dict[str, Any]]) -> None:
    world, job = first
    record = json.loads(world.context.reports.read(job["evaluate"]["decision_key"]).body)
    assert record["decision"] == "promoted"
    assert record["challenger"]["scores"]["rmse"] == job["evaluate"]["rmse"]
    assert set(record["against_baselines"]) == {"same_hour_last_week", "mean_of_four_weeks"}
    assert record["data_hash"] == job["prepare"]["data_hash"]
    assert record["parity"]["all_weather"] <= record["parity"]["tolerance"]
    assert all(world.context.reports.read(key).body.startswith(b"\x89PNG") for key in record["plots"])
    [(decision, version, uri)] = world.rows(
        "select decision, challenger_version, record_uri from decisions where id = 'first'"
    )
    assert (decision, version) == ("promoted", job["train"]["version"])
    assert uri == world.tags(version)["decision_uri"]


def test_every_trial_is_a_nested_run(first: tuple[World, dict[str, Any]]) -> None:
    from training_job import tracking

    world, job = first
    client = tracking.open_client(world.context)
    parent = client.get_run(job["train"]["run_id"])
    nested = client.search_runs(
        [parent.info.experiment_id], f"tags.`{tracking.PARENT_TAG}` = '{parent.info.run_id}'"
    )
    trials = [run for run in nested if tracking.TRIAL_TAG in run.data.tags]
    assert len(trials) == made_up.REQUEST["n_trials"]
    assert all("cv_rmse" in run.data.metrics for run in trials)
    assert parent.data.metrics["holdout_rmse"] == pytest.approx(job["evaluate"]["rmse"])
    assert parent.info.status == "FINISHED"


def test_the_reference_is_scored_without_having_seen_its_rows(first: tuple[World, dict[str, Any]]) -> None:
    from training_job import dataset

    world, job = first
    reference = dataset.read_frame(world.context.serving, _champion(world).reference.key)
    assert len(reference) == job["prepare"]["n_rows"]
    assert (reference["honest"] == 1).all()
    assert np.isfinite(reference[["trips", "prediction", "low", "high"]]).all(axis=None)


def test_as_good_is_not_good_enough(world: World, second: dict[str, Any]) -> None:
    before = world.context.serving.read(CHAMPION_KEY).etag
    result = world.step("promote", second)
    assert result["decision"] == "rejected"
    assert "at least -10.0%" in result["reason"]
    assert world.context.serving.read(CHAMPION_KEY).etag == before
    assert world.tags(second["train"]["version"])["validation_status"] == "rejected"
    assert "candidate" not in world.aliases()


def test_of_two_that_race_only_the_first_is_promoted(world: World, second: dict[str, Any]) -> None:
    assert world.step("promote", _as_promoted(second))["decision"] == "promoted"
    third = _as_promoted(second) | {"train": second["train"] | {"version": "999"}}
    with pytest.raises(Exception, match="999"):
        world.tags("999")
    late = {**third, "train": second["train"] | {"version": "1"}, "execution": "second"}
    late["evaluate"] = late["evaluate"] | {"champion_version": "0"}
    result = world.step("promote", late)
    assert result["decision"] == "rejected"
    assert "champion changed" in result["reason"]
    assert _champion(world).version == second["train"]["version"]
    world.step("rollback", {"reason": "end of the test"})


def test_a_write_between_reading_and_publishing_loses_nothing(world: World, second: dict[str, Any]) -> None:
    stale = read_champion(world.context.serving)
    assert stale.manifest is not None
    key = manifest_key(second["train"]["version"])
    manifest = parse_manifest(world.context.serving.read(key).body, key)
    newer = stale.manifest.model_copy(update={"code_version": "somebody else"})
    publish(world.context.serving, newer, replacing=stale.etag)
    with pytest.raises(ConflictError):
        publish(world.context.serving, manifest, replacing=stale.etag)
    assert _champion(world).code_version == "somebody else"


def test_a_promotion_that_died_after_publishing_is_completed_by_repeating_it(
    world: World, second: dict[str, Any]
) -> None:
    reigning = read_champion(world.context.serving)
    key = manifest_key(second["train"]["version"])
    publish(
        world.context.serving,
        parse_manifest(world.context.serving.read(key).body, key),
        replacing=reigning.etag,
    )
    assert world.aliases()["champion"] == reigning.version  # died here: the registry lags behind
    assert world.step("promote", _as_promoted(second))["decision"] == "promoted"
    assert world.aliases()["champion"] == second["train"]["version"]


def test_a_promotion_that_died_is_also_completed_by_the_next_execution(
    world: World, second: dict[str, Any]
) -> None:
    from bikecast.names import MODEL_NAME
    from training_job import registry, tracking

    client = tracking.open_client(world.context)
    client.set_registered_model_alias(MODEL_NAME, "champion", second["train"]["version"])
    world.step("train", {key: second[key] for key in ("request", "execution", "prepare")})
    assert world.aliases()["champion"] == _champion(world).version
    stages = {str(v.version): v.tags["stage"] for v in registry.versions(client, MODEL_NAME)}
    assert [version for version, stage in stages.items() if stage == "Production"] == [
        _champion(world).version
    ]


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
    assert world.aliases() == {"champion": second["train"]["version"], "previous_champion": old.version}
    result = world.step("rollback", {"reason": "doubled predictions"})
    assert (result["champion"], result["replaced"]) == (old.version, second["train"]["version"])
    assert _champion(world).version == old.version
    assert world.aliases() == {"champion": old.version}
    assert world.tags(second["train"]["version"])["stage"] == "Archived"
    assert ("doubled predictions",) in world.rows(
        "select reason from decisions where decision = 'rolled_back'"
    )


def test_rollback_to_files_that_do_not_load_changes_nothing(world: World, second: dict[str, Any]) -> None:
    old = _champion(world)
    world.step("promote", _as_promoted(second))
    body = world.context.serving.read(old.model.key).body
    world.context.serving.write(old.model.key, b"damaged")
    with pytest.raises(ArtifactError, match="not the file"):
        world.step("rollback", {})
    world.context.serving.write(old.model.key, body)
    assert _champion(world).version == second["train"]["version"]
    assert world.aliases()["champion"] == second["train"]["version"]
    world.step("rollback", {})


def test_rollback_without_a_database_changes_nothing(world: World, second: dict[str, Any]) -> None:
    import dataclasses

    world.step("promote", _as_promoted(second))
    away = world.context.database.model_copy(update={"port": 1})
    with pytest.raises(Exception, match=r"[Cc]onnection"):
        World(dataclasses.replace(world.context, database=away)).step("rollback", {})
    assert _champion(world).version == second["train"]["version"]
    world.step("rollback", {})


def test_there_is_nothing_before_the_first_champion(world: World) -> None:
    with pytest.raises(InputError, match="no champion before it"):
        world.step("rollback", {})


def test_level_follows_demand_that_arrives(world: World) -> None:
    before = _champion(world).level
    assert world.step("refresh_level", {})["refreshed"] is False
    made_up.load(world, made_up.LATER)
    result = world.step("refresh_level", {})
    made_up.load(world, made_up.END)
    assert result["refreshed"] is True
    assert result["as_of"] == made_up.LATER.isoformat()
    after = _champion(world).level
    assert after.days[: len(before.days) - 3] == before.days[: len(before.days) - 3]


def test_a_past_period_is_predicted_once_as_it_would_have_been_served(world: World) -> None:
    period = {"start": "2024-07-01", "end": "2024-07-07"}
    assert world.step("predict_period", period)["n_predictions"] == 7 * 24
    world.step("predict_period", period)
    [(count, hits)] = world.rows(
        "select count(*), count(a.trips) from predictions p join actuals a on a.hour = p.predicted_for"
    )
    assert (count, hits) == (7 * 24, 7 * 24)


def test_a_period_without_demand_needs_its_weather_alone(world: World) -> None:
    days = pd.date_range("2024-09-01", periods=3)
    merge_weather(world.context.data, pd.DataFrame({"DATE": days, "TMAX": 75.0, "TMIN": 60.0, "SNOW": 0.0}))
    period = {"start": "2024-09-01", "end": "2024-09-03"}
    assert world.step("predict_period", period)["n_predictions"] == 3 * 24
    with pytest.raises(DataError, match="no weather between 2024-09-04"):
        world.step("predict_period", {"start": "2024-09-04", "end": "2024-09-05"})

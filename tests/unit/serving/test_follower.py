"""The follower: swaps what is sound, keeps what works, says what happened, never goes dark."""

import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from bikecast.names import AUTOMATION_KEY, CHAMPION_HISTORY_PREFIX, CHAMPION_KEY, PredictionSource
from bikecast.registry.manifest import ChampionManifest, Previous, manifest_bytes, parse_manifest
from bikecast.serving.champion.follower import EMPTY_RETRY_S, MAX_BACKOFF, ChampionFollower, UnavailableError
from bikecast.serving.champion.predictor import answer
from bikecast.storage import FolderStore
from tests.unit.serving import world
from tests.unit.serving.faults import Clock, FaultyStore, Remembering
from use_cases.citibike.api.hourly import LOADERS, HoursInput

TTL_S = 5.0
INPUT = HoursInput(
    np.asarray(["2025-01-02T08", "2025-01-02T09"], dtype="datetime64[s]"),
    {"TMAX": np.asarray([40.0, 50.0]), "TMIN": np.asarray([30.0, 30.0]), "SNOW": np.zeros(2)},
)


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    return FaultyStore(tmp_path / "serving")


@pytest.fixture
def listener() -> Remembering:
    return Remembering()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def follower(store: FaultyStore, listener: Remembering, clock: Clock) -> ChampionFollower:
    return ChampionFollower(store, LOADERS, listener=listener, ttl_s=TTL_S, clock=clock)


def _damage_model(store: FolderStore, manifest: ChampionManifest) -> None:
    store.write(manifest.model.key, b"x" * manifest.model.size_bytes)


def _lose_model(store: FolderStore, manifest: ChampionManifest) -> None:
    store.delete(manifest.model.key)


def _another_model(store: FolderStore, manifest: ChampionManifest) -> None:
    other = world.put(store, manifest.model.key, world.graph(99.0))
    world.crown(store, manifest.model_copy(update={"model": other}))


def _other_features(store: FolderStore, manifest: ChampionManifest) -> None:
    world.crown(store, manifest.model_copy(update={"features": (*manifest.features[:-1], "MOON")}))


def _garbage_golden(store: FolderStore, manifest: ChampionManifest) -> None:
    golden = world.put(store, manifest.golden.key, b"[]")
    world.crown(store, manifest.model_copy(update={"golden": golden}))


def _torn_manifest(store: FolderStore, manifest: ChampionManifest) -> None:
    store.write(CHAMPION_KEY, manifest.model_dump_json().encode()[:100])


DAMAGE = [_damage_model, _lose_model, _another_model, _other_features, _garbage_golden, _torn_manifest]


def test_a_promotion_is_served_after_the_time_to_live(
    store: FaultyStore, follower: ChampionFollower, listener: Remembering, clock: Clock
) -> None:
    world.publish(store, "1", scale=1.0)
    assert follower.view().leader.version == "1"
    world.publish(store, "2", scale=2.0)
    assert follower.view().leader.version == "1"
    clock.now_s += TTL_S
    view = follower.view()
    assert [(e.version, e.source.value) for e in view.engines] == [
        ("2", "champion"),
        ("1", "previous_champion"),
        ("2", "seasonal_naive"),
    ]
    assert listener.swaps == ["2"]
    assert listener.failures == []


def test_an_unchanged_manifest_loads_nothing(
    store: FaultyStore, follower: ChampionFollower, clock: Clock
) -> None:
    world.publish(store, "1", scale=1.0)
    before = follower.view()
    store.reads.clear()
    clock.now_s += TTL_S
    assert follower.view().engines is before.engines
    assert set(store.reads) == {CHAMPION_KEY, AUTOMATION_KEY}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_champion_never_replaces_a_working_model(
    store: FaultyStore, follower: ChampionFollower, listener: Remembering, clock: Clock, damage: object
) -> None:
    world.publish(store, "1", scale=1.0)
    follower.view()
    second = world.publish(store, "2", scale=2.0)
    damage(store, second)  # type: ignore[operator]  # parametrized by functions
    clock.now_s += TTL_S
    view = follower.view()
    assert view.leader.version == "1"
    assert answer(view.engines, INPUT).outcome.values.tolist() == [40.0, 50.0]
    assert view.problem == listener.failures[0]
    torn = damage is _torn_manifest  # then nobody knows that there is another champion
    assert view.leader.source is (PredictionSource.CHAMPION if torn else PredictionSource.PREVIOUS_CHAMPION)
    world.publish(store, "2", scale=2.0)  # somebody repairs it
    clock.now_s += TTL_S * MAX_BACKOFF
    assert (follower.view().leader.version, follower.view().problem) == ("2", None)


@pytest.mark.parametrize("damage", [_damage_model, _lose_model, _another_model, _other_features])
def test_a_cold_start_on_a_damaged_champion_takes_the_previous_one(
    store: FaultyStore, follower: ChampionFollower, damage: object
) -> None:
    world.publish(store, "1", scale=1.0)
    damage(store, world.publish(store, "2", scale=2.0))  # type: ignore[operator]  # parametrized by functions
    view = follower.view()
    assert (view.leader.source, view.leader.version) == (PredictionSource.PREVIOUS_CHAMPION, "1")
    assert view.champion_version == "2"


def test_a_cold_start_on_a_torn_manifest_takes_the_version_promoted_last(
    store: FaultyStore, follower: ChampionFollower
) -> None:
    world.publish(store, "1", scale=1.0)
    _torn_manifest(store, world.publish(store, "2", scale=2.0))
    view = follower.view()
    assert (view.leader.source, view.leader.version) == (PredictionSource.PREVIOUS_CHAMPION, "2")


def test_with_no_model_left_the_profile_answers(store: FaultyStore, follower: ChampionFollower) -> None:
    first = world.publish(store, "1", scale=1.0)
    second = world.publish(store, "2", scale=2.0)
    _lose_model(store, first)
    _lose_model(store, second)
    answered = answer(follower.view().engines, INPUT)
    assert (answered.engine.name, answered.engine.version) == (LOADERS.fallback_name, "2")
    assert answered.outcome.values.tolist() == [world.NAIVE_TRIPS] * 2


def test_an_empty_bucket_is_unavailable_until_a_champion_comes(
    store: FaultyStore, follower: ChampionFollower, clock: Clock
) -> None:
    with pytest.raises(UnavailableError, match="publish a champion"):
        follower.view()
    world.publish(store, "1", scale=1.0)
    clock.now_s += EMPTY_RETRY_S
    assert follower.view().leader.version == "1"


def test_the_champion_answers_on_while_the_bucket_is_down_and_is_asked_less_and_less(
    store: FaultyStore, follower: ChampionFollower, listener: Remembering, clock: Clock
) -> None:
    world.publish(store, "1", scale=1.0)
    follower.view()
    store.down = True
    store.reads.clear()
    for _ in range(100):
        clock.now_s += TTL_S
        assert follower.view().leader.source is PredictionSource.CHAMPION
    assert len([key for key in store.reads if key == CHAMPION_KEY]) < 100 / MAX_BACKOFF + MAX_BACKOFF
    assert "down" in str(follower.view().problem)
    store.down = False
    clock.now_s += TTL_S * MAX_BACKOFF
    assert follower.view().problem is None


def test_a_hanging_bucket_holds_a_request_for_a_moment_only(store: FaultyStore, clock: Clock) -> None:
    follower = ChampionFollower(store, LOADERS, listener=Remembering(), ttl_s=TTL_S, wait_s=0.05, clock=clock)
    world.publish(store, "1", scale=1.0)
    follower.view()
    store.delay_s = 1.0
    clock.now_s += TTL_S
    started_s = time.perf_counter()
    for _ in range(20):
        assert follower.view().leader.version == "1"
    assert time.perf_counter() - started_s < 0.5


def test_a_rollback_brings_the_old_model_back_as_champion(
    store: FaultyStore, follower: ChampionFollower, clock: Clock
) -> None:
    first = world.publish(store, "1", scale=1.0)
    world.publish(store, "2", scale=2.0)
    follower.view()
    world.crown(store, first)
    clock.now_s += TTL_S
    assert [(e.version, e.source.value) for e in follower.view().engines][:2] == [
        ("1", "champion"),
        ("2", "previous_champion"),
    ]


def test_a_paused_automation_is_seen(store: FaultyStore, follower: ChampionFollower, clock: Clock) -> None:
    world.publish(store, "1", scale=1.0)
    assert not follower.view().automation.paused
    store.write(AUTOMATION_KEY, b'{"paused": true, "reason": "severe drift"}')
    clock.now_s += TTL_S
    assert follower.view().automation.reason == "severe drift"


@pytest.mark.parametrize(
    ("versions", "stands_in"), [(("1",), "seasonal_naive"), (("1", "2"), "previous_champion")]
)
def test_a_distrusted_champion_answers_last_until_it_is_trusted_again(
    store: FaultyStore, clock: Clock, listener: Remembering, versions: tuple[str, ...], stands_in: str
) -> None:
    for version in versions:
        world.publish(store, version, scale=float(version))
    follower = ChampionFollower(store, LOADERS, listener=listener, ttl_s=TTL_S, clock=clock)
    assert follower.view().leader.source is PredictionSource.CHAMPION
    store.write(AUTOMATION_KEY, b'{"paused": true, "distrusted": ["TMAX"]}')
    clock.now_s += TTL_S
    engines = follower.view().engines
    assert [engines[0].source.value, engines[-1].source.value] == [stands_in, "champion"]
    assert answer(engines, INPUT).engine.source.value == stands_in
    store.write(AUTOMATION_KEY, b'{"paused": false}')
    clock.now_s += TTL_S
    assert follower.view().leader.source is PredictionSource.CHAMPION
    assert listener.failures == []


def test_no_thread_ever_sees_a_wrong_answer_while_champions_change(store: FaultyStore) -> None:
    """Each version answers its own scale; an answer under another version's name would be a torn swap."""
    follower = ChampionFollower(store, LOADERS, listener=Remembering(), ttl_s=0.0)
    manifests = [world.publish(store, "1", scale=1.0)]
    manifests.append(world.publish(store, "2", scale=2.0))
    wrong: list[str] = []
    seen: set[str] = set()
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                answered = answer(follower.view().engines, INPUT)
            except UnavailableError as err:
                wrong.append(str(err))
                continue
            seen.add(answered.engine.version)
            scale = int(answered.engine.version)
            if answered.outcome.values.tolist() != [40.0 * scale, 50.0 * scale]:
                wrong.append(f"{answered.engine.version}: {answered.outcome.values}")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for turn in range(30):
        world.crown(store, manifests[turn % 2])
        time.sleep(0.03)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert seen == {"1", "2"}


def test_a_version_that_was_never_promoted_does_not_stand_in(
    store: FaultyStore, follower: ChampionFollower
) -> None:
    _torn_manifest(store, world.publish(store, "1", scale=1.0))
    rejected = world.published(store, "2", scale=2.0)
    store.write("models/2/manifest.json", manifest_bytes(rejected))  # where older code kept it
    assert follower.view().leader.version == "1"


def test_a_damaged_record_is_skipped(store: FaultyStore, follower: ChampionFollower) -> None:
    world.publish(store, "1", scale=1.0)
    second = world.publish(store, "2", scale=2.0)
    _torn_manifest(store, second)
    last = max(store.keys(CHAMPION_HISTORY_PREFIX))
    store.write(last, b"{")
    assert follower.view().leader.version == "1"


def test_a_lost_manifest_does_not_end_the_service(store: FaultyStore, follower: ChampionFollower) -> None:
    world.publish(store, "1", scale=1.0)
    store.delete(CHAMPION_KEY)
    assert follower.view().leader.version == "1"
    assert "champion.json" in str(follower.view().problem)


def test_after_a_retirement_nothing_answers_until_something_is_promoted(
    store: FaultyStore, follower: ChampionFollower, clock: Clock
) -> None:
    world.publish(store, "1", scale=1.0, simulated=True)
    assert follower.view().leader.version == "1"
    world.retire(store)
    clock.now_s += TTL_S
    with pytest.raises(UnavailableError):
        follower.view()
    store.delete(CHAMPION_KEY)
    clock.now_s += TTL_S
    with pytest.raises(UnavailableError):
        follower.view()
    world.publish(store, "2", scale=2.0)
    clock.now_s += TTL_S * MAX_BACKOFF
    assert follower.view().leader.version == "2"


def test_what_simulated_data_taught_never_stands_in_beside_real_data(
    store: FaultyStore, follower: ChampionFollower, clock: Clock
) -> None:
    world.publish(store, "1", scale=1.0, simulated=True)
    follower.view()
    world.retire(store)
    _lose_model(store, world.publish(store, "2", scale=2.0))
    clock.now_s += TTL_S
    assert [(e.source.value, e.version) for e in follower.view().engines] == [("seasonal_naive", "2")]


def test_a_champion_of_older_code_goes_on_serving_and_has_its_way_back(
    store: FaultyStore, follower: ChampionFollower
) -> None:
    first = world.published(store, "1", scale=1.0)
    store.write("models/1/manifest.json", manifest_bytes(first))
    previous = Previous(version="1", manifest_key="models/1/manifest.json")
    second = world.published(store, "2", scale=2.0).model_copy(update={"previous": previous})
    world.crown(store, second)
    _lose_model(store, second)
    view = follower.view()
    assert (view.leader.version, view.champion_version) == ("1", "2")


def test_fields_of_newer_code_are_kept_and_a_newer_schema_is_named(
    store: FaultyStore, follower: ChampionFollower, clock: Clock
) -> None:
    manifest = world.publish(store, "1", scale=1.0)
    newer = json.loads(manifest_bytes(manifest)) | {"colour": "blue"}
    store.write(CHAMPION_KEY, json.dumps(newer).encode())
    read = parse_manifest(store.read(CHAMPION_KEY).body, "x")
    assert json.loads(manifest_bytes(read))["colour"] == "blue"
    assert follower.view().problem is None
    store.write(CHAMPION_KEY, json.dumps(newer | {"schema_version": 2}).encode())
    clock.now_s += TTL_S
    assert "written by newer code" in str(follower.view().problem)
    assert follower.view().leader.version == "1"

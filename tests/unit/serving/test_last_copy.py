"""A start while the bucket cannot be read: the champion that loaded last answers, and says what it is."""

from pathlib import Path

import pytest

from bikecast.names import CHAMPION_KEY
from bikecast.serving.champion.follower import EMPTY_RETRY_S, ChampionFollower, UnavailableError
from bikecast.serving.champion.last_copy import LastCopy
from bikecast.storage import FolderStore
from tests.deployment import eventually
from tests.unit.serving import world
from tests.unit.serving.faults import Clock, FaultyStore, Remembering
from use_cases.citibike.api.hourly import LOADERS

TTL_S = 5.0


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    return FaultyStore(tmp_path / "serving")


@pytest.fixture
def copies(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "copy")


def start(store: FaultyStore, copies: FolderStore, clock: Clock | None = None) -> ChampionFollower:
    return ChampionFollower(
        store,
        LOADERS,
        listener=Remembering(),
        ttl_s=TTL_S,
        last_copy=LastCopy(copies, LOADERS),
        clock=clock or Clock(),
    )


def kept(copies: FolderStore, version: str) -> bool:
    """Whether this version is there, whole, and nothing else."""
    keys = list(copies.keys(""))
    files = [key for key in keys if f"/{version}-run-{version}/" in key]
    return len(files) == 3 and sorted(keys) == sorted([CHAMPION_KEY, *files])


def test_a_start_in_an_outage_is_answered_by_the_champion_that_loaded_last(
    store: FaultyStore, copies: FolderStore
) -> None:
    world.publish(store, "1", scale=1.0)
    start(store, copies).view()
    eventually(lambda: kept(copies, "1"), timeout_s=10, every_s=0.01)
    store.down = True
    clock = Clock()
    follower = start(store, copies, clock)
    view = follower.view()
    assert [(e.version, e.source.value) for e in view.engines] == [
        ("1", "previous_champion"),
        ("1", "seasonal_naive"),
    ]
    assert view.champion_version is None
    assert "down" in str(view.problem)
    store.down = False
    clock.now_s += 2 * TTL_S
    assert (follower.view().leader.source.value, follower.view().problem) == ("champion", None)


def test_only_the_last_champion_is_kept(store: FaultyStore, copies: FolderStore) -> None:
    world.publish(store, "1", scale=1.0)
    clock = Clock()
    follower = start(store, copies, clock)
    follower.view()
    world.publish(store, "2", scale=2.0)
    clock.now_s += TTL_S
    follower.view()
    eventually(lambda: kept(copies, "2"), timeout_s=10, every_s=0.01)


def test_an_empty_bucket_is_no_outage(store: FaultyStore, copies: FolderStore) -> None:
    world.publish(store, "1", scale=1.0)
    start(store, copies).view()
    eventually(lambda: kept(copies, "1"), timeout_s=10, every_s=0.01)
    for key in list(store.keys("")):
        store.delete(key)
    with pytest.raises(UnavailableError):
        start(store, copies).view()


def test_a_damaged_copy_is_not_served(store: FaultyStore, copies: FolderStore) -> None:
    manifest = world.publish(store, "1", scale=1.0)
    start(store, copies).view()
    eventually(lambda: kept(copies, "1"), timeout_s=10, every_s=0.01)
    copies.write(manifest.model.key, b"x")
    copies.write(manifest.profile.key, b"x")
    store.down = True
    with pytest.raises(UnavailableError):
        start(store, copies).view()


def test_a_folder_that_takes_nothing_costs_nothing_else(store: FaultyStore, tmp_path: Path) -> None:
    world.publish(store, "1", scale=1.0)
    copies, clock = FolderStore(tmp_path / "full"), Clock()
    (tmp_path / "full" / "models").write_text("in the way")
    follower = start(store, copies, clock)
    assert follower.view().problem is None
    store.delete(CHAMPION_KEY)
    clock.now_s += TTL_S + EMPTY_RETRY_S
    assert follower.view().leader.version == "1"


def test_the_copy_comes_before_every_other_version_when_the_manifest_is_damaged(
    store: FaultyStore, copies: FolderStore
) -> None:
    world.publish(store, "1", scale=1.0)
    start(store, copies).view()
    eventually(lambda: kept(copies, "1"), timeout_s=10, every_s=0.01)
    world.publish(store, "2", scale=2.0)
    store.write(CHAMPION_KEY, b"{")
    assert start(store, copies).view().leader.version == "1"


def test_a_retired_champions_copy_is_forgotten(store: FaultyStore, copies: FolderStore) -> None:
    world.publish(store, "1", scale=1.0, simulated=True)
    start(store, copies).view()
    eventually(lambda: kept(copies, "1"), timeout_s=10, every_s=0.01)
    world.retire(store)
    with pytest.raises(UnavailableError):
        start(store, copies).view()
    eventually(lambda: list(copies.keys("")) == [], timeout_s=10, every_s=0.01)

"""The champion's manifest and its history: conditional, numbered, complete."""

import datetime as dt
from pathlib import Path

import pytest

from bikecast.errors import ArtifactError, ConflictError
from bikecast.names import CHAMPION_HISTORY_PREFIX, CHAMPION_KEY
from bikecast.registry.artifacts import fetch, write_once
from bikecast.registry.champion_store import ChampionStore
from bikecast.registry.manifest import ChampionManifest, ChangeAction, Previous, manifest_bytes
from bikecast.storage import FolderStore
from tests.unit.serving import world

PROMOTED = world.change(ChangeAction.PROMOTED)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "serving")


@pytest.fixture
def champions(store: FolderStore) -> ChampionStore:
    return ChampionStore(store)


def _versions(champions: ChampionStore) -> list[str]:
    return [each.manifest.version for each in champions.history.since_retirement()]


def _previous(champions: ChampionStore) -> str | None:
    manifest = champions.read().manifest
    assert manifest is not None
    previous = champions.previous(manifest)
    return None if previous is None else previous.version


def test_changes_are_numbered_the_latest_first(store: FolderStore, champions: ChampionStore) -> None:
    for version in ("3", "1", "2"):
        world.publish(store, version, scale=1.0)
    changes = [each.manifest.change for each in champions.history.since_retirement()]
    assert [change.number for change in changes if change] == [3, 2, 1]
    assert _versions(champions) == ["2", "1", "3"]
    assert _previous(champions) == "1"
    current = champions.read().manifest
    assert current is not None
    assert current.change is not None
    assert current.change.replaced is not None
    assert current.change.replaced.version == "1"


def test_of_two_who_saw_the_same_champion_the_second_changes_nothing(
    store: FolderStore, champions: ChampionStore
) -> None:
    seen = champions.look()
    champions.publish(world.published(store, "1", scale=1.0), PROMOTED, replacing=seen)
    with pytest.raises(ConflictError):
        champions.publish(world.published(store, "2", scale=1.0), PROMOTED, replacing=seen)
    seen = champions.look()
    world.publish(store, "3", scale=1.0)
    late = world.published(store, "2", scale=1.0)
    with pytest.raises(ConflictError):
        champions.publish(late, PROMOTED, replacing=seen)
    with pytest.raises(ConflictError):
        champions.retire(world.change(ChangeAction.RETIRED), replacing=seen)
    with pytest.raises(ConflictError):
        champions.refresh(late, replacing=seen)
    assert champions.read().version == "3"
    assert _versions(champions) == ["3", "1"]


def test_what_was_replaced_or_retired_is_on_record_also_if_its_own_promotion_died(
    store: FolderStore, champions: ChampionStore
) -> None:
    first = world.publish(store, "1", scale=1.0)
    for key in list(store.keys(CHAMPION_HISTORY_PREFIX)):
        store.delete(key)  # it died before it recorded
    world.publish(store, "2", scale=1.0)
    assert _versions(champions) == ["2", "1"]
    assert champions.previous(champions.read().manifest or first) == first
    for key in list(store.keys(CHAMPION_HISTORY_PREFIX)):
        store.delete(key)
    world.retire(store)
    names = [key.rpartition("/")[2] for key in store.keys(CHAMPION_HISTORY_PREFIX)]
    assert names == ["00000002-2-run-2.json", "00000003-retired.json"]


def test_nothing_from_before_a_retirement_counts(store: FolderStore, champions: ChampionStore) -> None:
    world.publish(store, "1", scale=1.0)
    world.retire(store)
    assert (champions.read().manifest, _versions(champions)) == (None, [])
    world.publish(store, "2", scale=1.0)
    assert _versions(champions) == ["2"]
    assert _previous(champions) is None


@pytest.mark.parametrize("is_simulated", [False, True])
def test_real_and_simulated_champions_are_not_each_others_previous_one(
    store: FolderStore, champions: ChampionStore, is_simulated: bool
) -> None:
    world.publish(store, "1", scale=1.0, simulated=is_simulated)
    world.publish(store, "2", scale=1.0, simulated=not is_simulated)
    assert _previous(champions) is None
    world.publish(store, "3", scale=1.0, simulated=not is_simulated)
    assert _previous(champions) == "2"


def test_after_damage_the_previous_champion_is_the_last_on_record(
    store: FolderStore, champions: ChampionStore
) -> None:
    first = world.publish(store, "1", scale=1.0)
    world.publish(store, "2", scale=1.0)
    store.write(CHAMPION_KEY, b"{")
    with pytest.raises(ArtifactError, match="rollback --to VERSION"):
        champions.read()
    world.promote(store, first)
    assert (champions.read().version, _previous(champions)) == ("1", "2")


def test_after_damage_a_champion_is_not_its_own_previous_one(
    store: FolderStore, champions: ChampionStore
) -> None:
    only = world.publish(store, "1", scale=1.0)
    store.write(CHAMPION_KEY, b"{")
    world.promote(store, only)
    assert (champions.read().version, _previous(champions)) == ("1", None)


def test_what_an_execution_made_is_found_also_after_it_was_replaced(
    store: FolderStore, champions: ChampionStore
) -> None:
    for version, execution in (("1", "a"), ("2", "b"), ("3", "c")):
        change = PROMOTED.model_copy(update={"execution": execution})
        champions.publish(world.published(store, version, scale=1.0), change, replacing=champions.look())

    def made_by(execution: str, action: ChangeAction = ChangeAction.PROMOTED) -> str | None:
        found = champions.made_by(execution, action, current=champions.look())
        return None if found is None else found.version

    assert [made_by(execution) for execution in "abcd"] == ["1", "2", "3", None]
    assert made_by("c", ChangeAction.ROLLED_BACK) is None
    for key in list(store.keys(CHAMPION_HISTORY_PREFIX)):
        store.delete(key)
    assert (made_by("c"), made_by("a")) == ("3", None)  # it died before it recorded


def test_a_lost_manifest_is_not_one_that_never_was(store: FolderStore, champions: ChampionStore) -> None:
    assert champions.read().state is None
    world.publish(store, "1", scale=1.0)
    store.delete(CHAMPION_KEY)
    with pytest.raises(ArtifactError, match="is missing although version 1 served"):
        champions.read()
    world.publish(store, "2", scale=1.0)
    world.retire(store)
    store.delete(CHAMPION_KEY)
    assert champions.read().state is None


def test_a_refreshed_champion_is_the_same_change(store: FolderStore, champions: ChampionStore) -> None:
    first = world.publish(store, "1", scale=1.0)
    fresh = first.model_copy(update={"code_version": "newer level"})
    champions.refresh(fresh, replacing=champions.read())
    assert champions.read().manifest == fresh
    assert _versions(champions) == ["1"]


def test_older_champions_form_a_chain_that_may_be_damaged_or_closed(
    store: FolderStore, champions: ChampionStore
) -> None:
    chain = _chain(store)
    assert [e.manifest.version for e in champions.history.since_retirement(current=chain)] == ["2", "1"]
    store.write("models/1/manifest.json", b"{")
    assert [e.manifest.version for e in champions.history.since_retirement(current=chain)] == ["2"]
    assert _versions(champions) == []


def _chain(store: FolderStore) -> ChampionManifest:
    last: ChampionManifest | None = None
    for version in ("1", "2", "3"):
        manifest = world.published(store, version, scale=1.0)
        if last is not None:
            previous = Previous(version=last.version, manifest_key=f"models/{last.version}/manifest.json")
            manifest = manifest.model_copy(update={"previous": previous})
        store.write(f"models/{version}/manifest.json", manifest_bytes(manifest))
        last = manifest
    assert last is not None
    return last


def test_a_file_is_written_once_and_checked_when_read(store: FolderStore) -> None:
    artifact = write_once(store, "models/a/", "x.bin", b"body")
    assert write_once(store, "models/a/", "x.bin", b"body") == artifact
    assert write_once(store, "models/a/", "x.bin", b"other").key != artifact.key
    assert fetch(store, artifact) == b"body"
    for body in (b"bod!", b"bodybody"):
        store.write(artifact.key, body)
        with pytest.raises(ArtifactError, match="is not the file"):
            fetch(store, artifact)
        with pytest.raises(ConflictError, match="is damaged"):
            write_once(store, "models/a/", "x.bin", b"body")
    store.delete(artifact.key)
    with pytest.raises(ArtifactError, match="is missing"):
        fetch(store, artifact)


def test_the_last_of_several_retirements_counts(store: FolderStore, champions: ChampionStore) -> None:
    later = world.PUBLISHED + dt.timedelta(days=1)
    world.publish(store, "1", scale=1.0)
    world.retire(store)
    world.publish(store, "2", scale=1.0)
    retired = world.change(ChangeAction.RETIRED).model_copy(update={"at": later})
    champions.retire(retired, replacing=champions.look())
    assert champions.history.last_retirement() == later


def test_champions_of_older_code_count_as_served(store: FolderStore, champions: ChampionStore) -> None:
    store.write(CHAMPION_KEY, manifest_bytes(_chain(store)))
    assert champions.served_versions() == ["3", "2", "1"]


def test_only_what_served_since_the_retirement_counts_as_served(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    champions = ChampionStore(store)
    assert (champions.served_versions(), champions.history.last_retirement()) == ([], None)
    world.publish(store, "1", scale=1.0)
    world.publish(store, "2", scale=1.0)
    assert (champions.served_versions(), champions.history.last_retirement()) == (["2", "1"], None)
    world.retire(store)
    assert (champions.served_versions(), champions.history.last_retirement()) == ([], world.PUBLISHED)
    world.publish(store, "3", scale=1.0)
    assert (champions.served_versions(), champions.history.last_retirement()) == (["3"], world.PUBLISHED)

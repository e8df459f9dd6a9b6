"""Manifests that cannot be read say which, why and what to do; records are never written twice."""

import json

import pytest

from bikecast.errors import ArtifactError
from bikecast.names import CHAMPION_HISTORY_PREFIX, CHAMPION_KEY
from bikecast.registry.champion_history import ChampionHistory
from bikecast.registry.champion_store import ChampionStore
from bikecast.registry.manifest import (
    ChangeAction,
    Previous,
    Retirement,
    manifest_bytes,
    parse_champion,
    parse_manifest,
)
from bikecast.storage import FolderStore
from tests.unit.registry.test_champion_store import store
from tests.unit.serving import world

__all__ = ["store"]
URI = "s3://serving/champion.json"


def test_a_manifest_of_newer_code_is_named_with_both_schemas(store: FolderStore) -> None:
    fields = json.loads(manifest_bytes(world.published(store, "1", scale=1.0)))
    body = json.dumps(fields | {"schema_version": 99}).encode()
    with pytest.raises(ArtifactError, match=f"^{URI} was written by newer code: it has schema 99, and this"):
        parse_manifest(body, URI)
    retired = {"schema_version": 99, "change": {"action": "retired"}}
    with pytest.raises(ArtifactError, match=f"^{URI} was written by newer code"):
        parse_champion(json.dumps(retired).encode(), URI)


def test_a_manifest_that_cannot_be_read_names_place_and_field(store: FolderStore) -> None:
    fields = json.loads(manifest_bytes(world.published(store, "1", scale=1.0)))
    fields["model"]["sha256"] = 1
    with pytest.raises(
        ArtifactError, match=rf"^{URI} is not a champion manifest: model\.sha256: Input should"
    ):
        parse_champion(json.dumps(fields).encode(), URI)
    for body in (b"{", b"[]", b"[" * 100_000):
        with pytest.raises(ArtifactError, match=f"^{URI} is not a champion manifest: the file: "):
            parse_manifest(body, URI)


def test_a_record_is_never_written_over(store: FolderStore) -> None:
    first = world.publish(store, "1", scale=1.0)
    [key] = store.keys(CHAMPION_HISTORY_PREFIX)
    before = store.read(key).body
    ChampionHistory(store).record(first.model_copy(update={"code_version": "newer level"}))
    assert store.read(key).body == before


def test_other_objects_among_the_records_count_nothing(store: FolderStore) -> None:
    store.write(f"{CHAMPION_HISTORY_PREFIX}notes-of-a-person.txt", b"hello")
    assert ChampionHistory(store).last_number() == 0
    world.publish(store, "1", scale=1.0)
    assert ChampionHistory(store).last_number() == 1


def test_the_oldest_record_leads_on_to_champions_of_older_code(store: FolderStore) -> None:
    old = world.published(store, "1", scale=1.0)
    store.write("models/1/manifest.json", manifest_bytes(old))
    previous = Previous(version="1", manifest_key="models/1/manifest.json")
    second = world.published(store, "2", scale=1.0).model_copy(update={"previous": previous})
    ChampionHistory(store).record(second)
    assert [key.rpartition("/")[2] for key in store.keys(CHAMPION_HISTORY_PREFIX)] == [
        "00000000-2-run-2.json"
    ]
    found = list(ChampionHistory(store).since_retirement())
    assert [(each.manifest.version, each.as_previous().manifest_key) for each in found] == [
        ("2", f"{CHAMPION_HISTORY_PREFIX}00000000-2-run-2.json"),
        ("1", "models/1/manifest.json"),
    ]


def test_the_chain_of_older_champions_ends_where_none_is(store: FolderStore) -> None:
    retired = Retirement(change=world.change(ChangeAction.RETIRED))
    store.write("models/1/manifest.json", manifest_bytes(retired))
    previous = Previous(version="1", manifest_key="models/1/manifest.json")
    last = world.published(store, "2", scale=1.0).model_copy(update={"previous": previous})
    assert list(ChampionHistory(store).since_retirement(current=last)) == []


def test_a_record_that_cannot_be_read_is_skipped_and_named_in_the_log(
    store: FolderStore, caplog: pytest.LogCaptureFixture
) -> None:
    world.publish(store, "1", scale=1.0)
    [key] = store.keys(CHAMPION_HISTORY_PREFIX)
    store.write(key, b"{")
    assert list(ChampionHistory(store).since_retirement()) == []
    assert f"{store.uri(key)} is not a champion manifest" in caplog.text


def test_a_manifest_is_legible_in_the_bucket(store: FolderStore) -> None:
    first, second, *_ = manifest_bytes(world.published(store, "1", scale=1.0)).splitlines()
    assert (first, second) == (b"{", b' "schema_version": 1,')


def test_champions_of_older_code_that_name_each_other_come_once(store: FolderStore) -> None:
    last = None
    for version, before in (("1", "2"), ("2", "1")):
        previous = Previous(version=before, manifest_key=f"models/{before}/manifest.json")
        last = world.published(store, version, scale=1.0).model_copy(update={"previous": previous})
        store.write(f"models/{version}/manifest.json", manifest_bytes(last))
    found = ChampionHistory(store).since_retirement(current=last)
    assert [each.manifest.version for each in found] == ["1", "2"]


def test_who_changed_the_champion_may_change_it_again_at_once(store: FolderStore) -> None:
    champions = ChampionStore(store)
    first = world.publish(store, "1", scale=1.0)
    seen = champions.look()
    seen = champions.refresh(first.model_copy(update={"code_version": "2"}), replacing=seen)
    seen = champions.refresh(first.model_copy(update={"code_version": "3"}), replacing=seen)
    assert champions.look() == seen


def test_a_lost_or_damaged_place_is_named(store: FolderStore) -> None:
    champions = ChampionStore(store)
    world.publish(store, "1", scale=1.0)
    manifest = champions.read().manifest
    assert manifest is not None
    gone = manifest.model_copy(update={"previous": Previous(version="0", manifest_key="models/0/x.json")})
    with pytest.raises(ArtifactError, match=r"models/0/x\.json is missing: `bikecast rollback"):
        champions.previous(gone)
    store.write("models/0/x.json", b"{")
    with pytest.raises(ArtifactError, match=r"models/0/x\.json is not a champion manifest"):
        champions.previous(gone)
    store.write(CHAMPION_KEY, b"{")
    assert str(champions.look().problem).startswith(store.uri(CHAMPION_KEY))
    store.delete(CHAMPION_KEY)
    assert str(champions.look().problem).startswith(store.uri(CHAMPION_KEY))

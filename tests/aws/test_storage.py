"""One contract, every store: what holds for S3 holds for a folder."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from bikecast.errors import ConflictError, StoreError
from bikecast.storage import FolderStore, MissingObjectError, ObjectStore, S3Store


@pytest.fixture(params=["s3", "folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    if request.param == "folder":
        yield FolderStore(tmp_path / "bucket")
        return
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="bucket")
        yield S3Store(client, "bucket")


def test_what_is_written_is_read(store: ObjectStore) -> None:
    etag = store.write("a/b.json", b"{}")
    assert store.read("a/b.json").body == b"{}"
    assert store.read("a/b.json").etag == etag


def test_a_missing_key_is_named(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(MissingObjectError, match="nothing/here"):
        store.read("nothing/here")
    with pytest.raises(MissingObjectError, match="nothing/here"):
        store.download("nothing/here", tmp_path / "x")


def test_an_unchanged_object_is_not_sent_again(store: ObjectStore) -> None:
    etag = store.write("champion.json", b"1")
    assert store.read_if_changed("champion.json", etag=etag) is None
    store.write("champion.json", b"2")
    changed = store.read_if_changed("champion.json", etag=etag)
    assert changed is not None
    assert changed.body == b"2"
    assert store.read_if_changed("champion.json", etag=None) == changed


def test_the_second_of_two_writers_is_refused(store: ObjectStore) -> None:
    seen = store.write("champion.json", b"old")
    store.write("champion.json", b"first", if_match=seen)
    with pytest.raises(ConflictError):
        store.write("champion.json", b"second", if_match=seen)
    assert store.read("champion.json").body == b"first"


def test_only_one_writer_creates_a_key(store: ObjectStore) -> None:
    store.write("lock", b"mine", if_absent=True)
    with pytest.raises(ConflictError):
        store.write("lock", b"yours", if_absent=True)


def test_keys_come_in_order_and_by_prefix(store: ObjectStore) -> None:
    for key in ("raw/b", "raw/a", "other/c"):
        store.write(key, b"x")
    assert list(store.keys("raw/")) == ["raw/a", "raw/b"]


def test_deleting_twice_is_no_error(store: ObjectStore) -> None:
    store.write("a", b"x")
    store.delete("a")
    store.delete("a")
    assert list(store.keys("")) == []


def test_files_go_up_and_down(store: ObjectStore, tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.write_bytes(b"trips")
    store.upload(source, "raw/trips.zip")
    store.download("raw/trips.zip", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"trips"


def test_a_key_cannot_leave_a_folder_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="leaves the store"):
        FolderStore(tmp_path / "bucket").write("../outside", b"x")

"""Objects in a bucket behind one small protocol; compare-and-swap for the few keys that must not race."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bikecast.errors import ConflictError, StoreError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class MissingObjectError(StoreError):
    """There is no object under the key."""


@dataclass(frozen=True)
class StoredObject:
    """One object's bytes and the tag that names this state of it."""

    body: bytes
    etag: str


class ObjectStore(Protocol):
    """What the project asks of an object store; S3 and a folder fulfil it alike."""

    def read(self, key: str) -> StoredObject:
        """Return the object; ``MissingObjectError`` if there is none."""
        ...

    def read_if_changed(self, key: str, *, etag: str | None) -> StoredObject | None:
        """Return the object unless it still carries ``etag``; None is the tag of what was never read."""
        ...

    def write(self, key: str, body: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        """Write atomically and return the new tag; ``ConflictError`` if a condition fails."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys under a prefix in lexical order."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; an absent one is not an error."""
        ...

    def download(self, key: str, path: Path) -> None:
        """Stream the object to a file; ``MissingObjectError`` if there is none."""
        ...

    def upload(self, path: Path, key: str) -> None:
        """Stream a file to the object."""
        ...

    def uri(self, key: str) -> str:
        """Return the address a person can follow, such as ``s3://bucket/key``."""
        ...


def exists(store: ObjectStore, key: str) -> bool:
    """Tell whether there is an object under the key."""
    return next(store.keys(key), None) == key


class ScopedStore:
    """The part of a store under a prefix, as a store of its own.

    Args:
        store: The whole.
        prefix: With its slash; empty for the whole.
    """

    def __init__(self, store: ObjectStore, prefix: str) -> None:
        self._store, self._prefix = store, prefix

    def read(self, key: str) -> StoredObject:
        return self._store.read(self._prefix + key)

    def read_if_changed(self, key: str, *, etag: str | None) -> StoredObject | None:
        return self._store.read_if_changed(self._prefix + key, etag=etag)

    def write(self, key: str, body: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        return self._store.write(self._prefix + key, body, if_match=if_match, if_absent=if_absent)

    def keys(self, prefix: str) -> Iterator[str]:
        for key in self._store.keys(self._prefix + prefix):
            yield key.removeprefix(self._prefix)

    def delete(self, key: str) -> None:
        self._store.delete(self._prefix + key)

    def download(self, key: str, path: Path) -> None:
        self._store.download(self._prefix + key, path)

    def upload(self, path: Path, key: str) -> None:
        self._store.upload(path, self._prefix + key)

    def uri(self, key: str) -> str:
        return self._store.uri(self._prefix + key)


class S3Store:
    """One bucket.

    Args:
        client: A boto3 S3 client; its retry policy is the caller's.
        bucket: Physical bucket name.
    """

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    def read(self, key: str) -> StoredObject:
        with _translated(self.uri(key)):
            response = self._client.get_object(Bucket=self.bucket, Key=key)
            return StoredObject(body=response["Body"].read(), etag=response["ETag"])

    def read_if_changed(self, key: str, *, etag: str | None) -> StoredObject | None:
        from botocore.exceptions import ClientError

        if etag is None:
            return self.read(key)
        try:
            with _translated(self.uri(key)):
                response = self._client.get_object(Bucket=self.bucket, Key=key, IfNoneMatch=etag)
                return StoredObject(body=response["Body"].read(), etag=response["ETag"])
        except ClientError as err:
            if _status(err) == 304:
                return None
            raise

    def write(self, key: str, body: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        conditions: dict[str, Any] = {}
        if if_match is not None:
            conditions["IfMatch"] = if_match
        if if_absent:
            conditions["IfNoneMatch"] = "*"
        try:
            with _translated(self.uri(key)):
                return self._client.put_object(Bucket=self.bucket, Key=key, Body=body, **conditions)["ETag"]
        except ConflictError as err:
            return self._own_tag(key, body, err)

    def _own_tag(self, key: str, body: bytes, conflict: ConflictError) -> str:
        """Return the tag of a write whose answer was lost: trying again, the SDK met what it had written."""
        if not _was_retried(conflict.__cause__):
            raise conflict
        found = self.read(key)
        if found.body != body:
            raise conflict
        return found.etag

    def keys(self, prefix: str) -> Iterator[str]:
        for key, _ in self.sizes(prefix):
            yield key

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield every key that begins with ``prefix``, with the bytes stored there."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        for page in pages:
            for item in page.get("Contents", []):
                yield item["Key"], item["Size"]

    def delete(self, key: str) -> None:
        with _translated(self.uri(key)):
            self._client.delete_object(Bucket=self.bucket, Key=key)

    def download(self, key: str, path: Path) -> None:
        with _translated(self.uri(key)):
            self._client.download_file(self.bucket, key, str(path))

    def upload(self, path: Path, key: str) -> None:
        with _translated(self.uri(key)):
            self._client.upload_file(str(path), self.bucket, key)

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"


class FolderStore:
    """The same on a folder: for tests, and for working on data without any cloud.

    Args:
        root: Folder that stands for the bucket; made if absent. Keys become paths below it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def read(self, key: str) -> StoredObject:
        try:
            body = self._path(key).read_bytes()
        except FileNotFoundError as err:
            raise MissingObjectError(f"no object at {self.uri(key)}") from err
        return StoredObject(body=body, etag=_tag(body))

    def read_if_changed(self, key: str, *, etag: str | None) -> StoredObject | None:
        found = self.read(key)
        return None if found.etag == etag else found

    def write(self, key: str, body: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        with self._locked():
            path = self._path(key)
            if if_absent and path.exists():
                raise ConflictError(f"{self.uri(key)} was changed by somebody else")
            if if_match is not None and self.read(key).etag != if_match:
                raise ConflictError(f"{self.uri(key)} was changed by somebody else")
            _replace(path, body)
        return _tag(body)

    def keys(self, prefix: str) -> Iterator[str]:
        files = (p.relative_to(self.root).as_posix() for p in self.root.rglob("*") if p.is_file())
        yield from sorted(key for key in files if key.startswith(prefix) and key != _LOCK)

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def download(self, key: str, path: Path) -> None:
        try:
            shutil.copyfile(self._path(key), path)
        except FileNotFoundError as err:
            raise MissingObjectError(f"no object at {self.uri(key)}") from err

    def upload(self, path: Path, key: str) -> None:
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)

    def uri(self, key: str) -> str:
        return self._path(key).as_uri()

    def _path(self, key: str) -> Path:
        path = (self.root / key).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise StoreError(f"key {key!r} leaves the store")
        return path

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.root / _LOCK).open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


_LOCK = ".lock"


def _tag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()}"'


def _replace(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(body)
    Path(name).replace(path)


@contextmanager
def _translated(uri: str) -> Iterator[None]:
    """Turn the SDK's missing-key and precondition errors into ours; the rest passes."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as err:
        if _status(err) == 404:
            raise MissingObjectError(f"no object at {uri}") from err
        if _status(err) in (409, 412):
            raise ConflictError(f"{uri} was changed by somebody else") from err
        raise


def _status(err: Any) -> int:
    return int(err.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _was_retried(err: Any) -> bool:
    return int(err.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)) > 0

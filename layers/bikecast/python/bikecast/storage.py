"""Objects in a bucket behind one small protocol, with compare-and-swap for the few keys that must not race."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bikecast.errors import ConflictError, StoreError

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client


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

    def read_if_changed(self, key: str, *, etag: str) -> StoredObject | None:
        """Return the object unless it still carries ``etag``."""
        ...

    def write(self, key: str, body: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        """Write atomically and return the new tag; ``ConflictError`` if a condition fails."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys under a prefix in lexical order."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; an absent one is no error."""
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

    def read_if_changed(self, key: str, *, etag: str) -> StoredObject | None:
        from botocore.exceptions import ClientError

        try:
            with _translated(self.uri(key)):
                response = self._client.get_object(Bucket=self.bucket, Key=key, IfNoneMatch=etag)
                return StoredObject(body=response["Body"].read(), etag=response["ETag"])
        except ClientError as err:
            if _status(err) == 304:
                return None
            raise

    def write(self, key: str, body: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        conditions: dict[str, str] = {}
        if if_match is not None:
            conditions["IfMatch"] = if_match
        if if_absent:
            conditions["IfNoneMatch"] = "*"
        with _translated(self.uri(key)):
            response = self._client.put_object(Bucket=self.bucket, Key=key, Body=body, **conditions)  # type: ignore[arg-type]  # the stub wants each name spelled out
            return response["ETag"]

    def keys(self, prefix: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        for page in pages:
            for item in page.get("Contents", []):
                yield item["Key"]

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


class _translated:
    """Turns the SDK's missing-key and precondition errors into ours; the rest passes."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, err: BaseException | None, trace: object) -> None:
        from botocore.exceptions import ClientError

        if not isinstance(err, ClientError):
            return
        if _status(err) == 404:
            raise MissingObjectError(f"no object at {self._uri}") from err
        if _status(err) in (409, 412):
            raise ConflictError(f"{self._uri} was changed by somebody else") from err


def _status(err: BaseException) -> int:
    response = getattr(err, "response", {})
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))

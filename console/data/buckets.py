"""The data bucket as the console fills it: each file once, by its hash."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from bikecast.names import Output
from console import ui
from console.cloud.outputs import read_stack_outputs
from console.cloud.session import Cloud

HASH_FIELD = "sha256"
COPIED_FIELD = "copied-etag"


@dataclass(frozen=True)
class Bucket:
    """The data bucket with the client that reaches it."""

    cloud: Cloud
    name: str

    def put(self, path: Path, key: str) -> bool:
        """Upload a file unless the object already holds the same bytes; return whether it was uploaded."""
        digest = _sha256(path)
        if self._digest(key) == digest:
            return False
        self.cloud.s3.upload_file(str(path), self.name, key, ExtraArgs={"Metadata": {HASH_FIELD: digest}})
        return True

    def copy(self, bucket: str, source: str, key: str) -> bool:
        """Copy an object of another bucket inside the cloud unless it was copied; return whether it was."""
        etag = self.cloud.s3.head_object(Bucket=bucket, Key=source)["ETag"]
        if (self._head(key) or {}).get(COPIED_FIELD) == etag:
            return False
        mark = {"Metadata": {COPIED_FIELD: etag}, "MetadataDirective": "REPLACE"}
        self.cloud.s3.copy({"Bucket": bucket, "Key": source}, self.name, key, ExtraArgs=mark)
        return True

    def move(self, source: str, key: str) -> None:
        """Give an object another key."""
        self.cloud.s3.copy({"Bucket": self.name, "Key": source}, self.name, key)
        self.delete(source)

    def read(self, key: str) -> bytes:
        """Return an object's bytes."""
        return self.cloud.s3.get_object(Bucket=self.name, Key=key)["Body"].read()

    def has(self, key: str) -> bool:
        """Tell whether there is such an object."""
        return self._head(key) is not None

    def keys(self, prefix: str) -> list[str]:
        """Return the keys under a prefix."""
        pages = self.cloud.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def clear(self, prefix: str) -> None:
        """Delete every object under a prefix."""
        for key in self.keys(prefix):
            self.delete(key)

    def delete(self, key: str) -> None:
        """Delete an object."""
        self.cloud.s3.delete_object(Bucket=self.name, Key=key)

    def _digest(self, key: str) -> str | None:
        return (self._head(key) or {}).get(HASH_FIELD)

    def _head(self, key: str) -> dict[str, str] | None:
        from botocore.exceptions import ClientError

        try:
            return self.cloud.s3.head_object(Bucket=self.name, Key=key)["Metadata"]
        except ClientError as err:
            if err.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise


def data_bucket(cloud: Cloud) -> Bucket:
    """Return the deployed data bucket."""
    return Bucket(cloud, read_stack_outputs(cloud.cloudformation).require(Output.DATA_BUCKET))


def upload_all(bucket: Bucket, files: dict[Path, str]) -> None:
    """Upload files to their keys; what is there already is left alone."""
    size = sum(path.stat().st_size for path in files)
    with ui.activity(f"uploading {len(files)} files, {size / 1e6:,.1f} MB") as current:
        fresh = 0
        for number, (path, key) in enumerate(files.items(), start=1):
            current.update(f"{number} of {len(files)} {path.name}")
            fresh += bucket.put(path, key)
        current.update(f"{len(files) - fresh} were there already" if fresh < len(files) else "")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

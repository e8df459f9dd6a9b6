"""Files of a model version: written once, under a name that holds their content's hash, checked when read."""

import hashlib

from bikecast.errors import ArtifactError, ConflictError
from bikecast.registry.manifest import Artifact
from bikecast.storage import MissingObjectError, ObjectStore

HASH_DIGITS = 16


def write_once(store: ObjectStore, prefix: str, name: str, body: bytes) -> Artifact:
    """Write a file that nobody overwrites; repeated with the same bytes, nothing is written.

    Args:
        store: The bucket.
        prefix: Where the version's files are, with its slash.
        name: What the file is, with its suffix; its hash is put in front.
        body: The bytes.
    Raises:
        ConflictError: Other bytes are there under the name that belongs to these.
    """
    digest = hashlib.sha256(body).hexdigest()
    artifact = Artifact(key=f"{prefix}{digest[:HASH_DIGITS]}-{name}", sha256=digest, size_bytes=len(body))
    try:
        store.write(artifact.key, body, if_absent=True)
    except ConflictError as err:
        if store.read(artifact.key).body != body:
            raise ConflictError(f"{store.uri(artifact.key)} is damaged: remove it and try again") from err
    return artifact


def fetch(store: ObjectStore, artifact: Artifact) -> bytes:
    """Return a file's bytes after checking size and hash.

    Raises:
        ArtifactError: It is missing or differs from what was published.
    """
    try:
        body = store.read(artifact.key).body
    except MissingObjectError as err:
        remedy = "restore it from the bucket's earlier versions, or roll back"
        raise ArtifactError(f"{store.uri(artifact.key)} is missing: {remedy}") from err
    if len(body) != artifact.size_bytes or hashlib.sha256(body).hexdigest() != artifact.sha256:
        raise ArtifactError(f"{store.uri(artifact.key)} is not the file that the manifest describes")
    return body

"""The champion manifest in the serving bucket, with the tag that compare-and-swap needs."""

from dataclasses import dataclass

from pydantic import ValidationError

from bikecast.errors import ArtifactError
from bikecast.manifest import ChampionManifest
from bikecast.names import CHAMPION_KEY, model_prefix
from bikecast.storage import MissingObjectError, ObjectStore


@dataclass(frozen=True)
class Reigning:
    """What serves now, and the tag of that state; both None before the first promotion."""

    manifest: ChampionManifest | None
    etag: str | None

    @property
    def version(self) -> str | None:
        """The champion's version, if there is a champion."""
        return self.manifest.version if self.manifest else None


def read_champion(store: ObjectStore) -> Reigning:
    """Read the manifest that the predictor follows.

    Raises:
        ArtifactError: There is one, and it cannot be read.
    """
    try:
        found = store.read(CHAMPION_KEY)
    except MissingObjectError:
        return Reigning(None, None)
    return Reigning(parse_manifest(found.body, store.uri(CHAMPION_KEY)), found.etag)


def parse_manifest(body: bytes, uri: str) -> ChampionManifest:
    """Return the manifest; ``ArtifactError`` if the bytes are none."""
    try:
        return ChampionManifest.model_validate_json(body)
    except ValidationError as err:
        raise ArtifactError(f"{uri} is no champion manifest: {err.error_count()} problems") from err


def manifest_key(version: str) -> str:
    """Key of one version's own manifest."""
    return f"{model_prefix(version)}manifest.json"


def manifest_bytes(manifest: ChampionManifest) -> bytes:
    """Return the manifest as it is stored."""
    return manifest.model_dump_json(indent=1).encode()


def publish(store: ObjectStore, manifest: ChampionManifest, *, replacing: str | None) -> str:
    """Write the version's own manifest, then, as the last thing, the one that the predictor follows.

    Args:
        store: The serving bucket.
        manifest: What shall serve.
        replacing: Tag of the manifest that it replaces; None if there must not be one.
    Raises:
        ConflictError: Somebody else published in between; nothing that serves was changed.
    """
    body = manifest_bytes(manifest)
    store.write(manifest_key(manifest.version), body)
    if replacing is None:
        return store.write(CHAMPION_KEY, body, if_absent=True)
    return store.write(CHAMPION_KEY, body, if_match=replacing)

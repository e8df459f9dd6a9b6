"""The champion that loaded last, on this machine's disk, for a start while the bucket cannot be read.

Lambda keeps the folder as long as an environment lives, also when its process crashed and starts again; the
embedded cloud's environments share one. A snapshot needs none: it brings the champion along in memory.
"""

from bikecast.errors import ArtifactError
from bikecast.names import CHAMPION_KEY
from bikecast.registry.artifacts import fetch
from bikecast.registry.manifest import ChampionManifest, manifest_bytes, parse_manifest
from bikecast.serving.champion.engines import Engine, Loaders
from bikecast.serving.champion.fallback_chain import Attempts, FallbackChain
from bikecast.storage import FolderStore, MissingObjectError, ObjectStore


class LastCopy:
    """One version's files; several processes may share the folder.

    Args:
        copies: The folder.
        loaders: How models and fallbacks come into memory.
    """

    def __init__(self, copies: FolderStore, loaders: Loaders) -> None:
        self._copies, self._chain = copies, FallbackChain(copies, loaders)

    def engines(self, attempts: Attempts) -> tuple[Engine, ...]:
        """Return who answers from the copy, as a previous champion: nobody knows whether it still is one."""
        manifest = attempts.run("copy of the champion", self._manifest)
        return () if manifest is None else self._chain.recovered([manifest], attempts)

    def keep(self, store: ObjectStore, manifest: ChampionManifest) -> None:
        """Copy what a champion needs, and forget the version before it; a failure is only logged."""
        Attempts().run("copy of the champion", lambda: self._keep(store, manifest))

    def forget(self) -> None:
        """Remove the copy: its champion was retired."""
        Attempts().run("copy of the champion", lambda: self._clear(keep=set()))

    def _keep(self, store: ObjectStore, manifest: ChampionManifest) -> None:
        if self._manifest() == manifest:
            return
        artifacts = (manifest.model, manifest.golden, manifest.profile)
        for artifact in artifacts:
            self._copies.write(artifact.key, fetch(store, artifact))
        self._copies.write(CHAMPION_KEY, manifest_bytes(manifest))
        self._clear(keep={CHAMPION_KEY, *(artifact.key for artifact in artifacts)})

    def _clear(self, *, keep: set[str]) -> None:
        for other in [name for name in self._copies.keys("") if name not in keep]:
            self._copies.delete(other)

    def _manifest(self) -> ChampionManifest | None:
        try:
            return parse_manifest(self._copies.read(CHAMPION_KEY).body, self._copies.uri(CHAMPION_KEY))
        except (ArtifactError, MissingObjectError):
            return None

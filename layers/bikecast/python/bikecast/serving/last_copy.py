"""The champion that loaded last, on this machine's disk, for a start while the bucket cannot be read.

Lambda keeps the folder as long as an environment lives, also when its process crashed and starts again; the
embedded cloud's environments share one. A snapshot needs none: it brings the champion along in memory.
"""

from bikecast.forecaster import fetch
from bikecast.manifest import ChampionManifest
from bikecast.names import model_prefix
from bikecast.serving.engines import Engine, Loaders
from bikecast.serving.lineup import Attempts, LineUp
from bikecast.storage import FolderStore, MissingObjectError, ObjectStore


class LastCopy:
    """One version's files; several processes may share the folder.

    Args:
        copies: The folder.
        loaders: How models and profiles come into memory.
    """

    def __init__(self, copies: FolderStore, loaders: Loaders) -> None:
        self._copies, self._lineup = copies, LineUp(copies, loaders)

    def engines(self, attempts: Attempts) -> tuple[Engine, ...]:
        """Return who answers from the copy, as a previous champion: nobody knows whether it still is one."""
        return self._lineup.recovered(attempts)

    def keep(self, store: ObjectStore, manifest: ChampionManifest) -> None:
        """Copy what a champion needs, and forget the version before it; a failure is only logged."""
        Attempts().run("copy of the champion", lambda: self._keep(store, manifest))

    def _keep(self, store: ObjectStore, manifest: ChampionManifest) -> None:
        folder = model_prefix(manifest.version)
        key, body = f"{folder}manifest.json", manifest.model_dump_json().encode()
        if self._holds(key, body):
            return
        for artifact in (manifest.model, manifest.golden, manifest.profile):
            self._copies.write(artifact.key, fetch(store, artifact))
        self._copies.write(key, body)
        for other in [name for name in self._copies.keys("") if not name.startswith(folder)]:
            self._copies.delete(other)

    def _holds(self, key: str, body: bytes) -> bool:
        try:
            return self._copies.read(key).body == body
        except MissingObjectError:
            return False

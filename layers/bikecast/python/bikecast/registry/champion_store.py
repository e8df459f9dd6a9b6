"""The champion in the serving bucket, and how it changes.

``champion.json`` is the truth: it says what serves, and how that came about. Each state that a change made is
kept as a record, too: after the change that it tells of, and at the latest before the next one, so that
whatever was replaced is on record. Only versions on record may answer in place of the champion or be rolled
back to.
"""

from dataclasses import dataclass

from bikecast.errors import ArtifactError
from bikecast.names import CHAMPION_KEY
from bikecast.registry.champion_history import ChampionHistory, EarlierChampion, key_of
from bikecast.registry.manifest import (
    ChampionManifest,
    Change,
    ChangeAction,
    Identity,
    Previous,
    Retirement,
    State,
    manifest_bytes,
    parse_champion,
    parse_manifest,
)
from bikecast.storage import MissingObjectError, ObjectStore

REMEDY = "`bikecast rollback --to VERSION` puts a version back that served before"


@dataclass(frozen=True)
class CurrentChampion:
    """What serves now, and the tag of that state; both None before the first promotion.

    ``problem`` says why what is there cannot be read; then nobody knows what serves.
    """

    state: State | None
    etag: str | None
    problem: str | None = None

    @property
    def manifest(self) -> ChampionManifest | None:
        """The champion's manifest, if there is a champion."""
        return self.state if isinstance(self.state, ChampionManifest) else None

    @property
    def identity(self) -> Identity | None:
        """Name, version and run of the champion, if there is a champion."""
        return None if self.manifest is None else self.manifest.identity

    @property
    def version(self) -> str | None:
        """The champion's version, if there is a champion."""
        return None if self.manifest is None else self.manifest.version


class ChampionStore:
    """Reads and changes the champion; every change is conditional on what it replaces.

    Args:
        store: The serving bucket.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.history = ChampionHistory(store)

    def read(self) -> CurrentChampion:
        """Return what serves.

        Raises:
            ArtifactError: It cannot be read, or it is gone although something served.
        """
        current = self.look()
        if current.problem is not None:
            raise ArtifactError(current.problem)
        return current

    def look(self) -> CurrentChampion:
        """Return what serves, or why that cannot be told."""
        uri = self._store.uri(CHAMPION_KEY)
        try:
            found = self._store.read(CHAMPION_KEY)
        except MissingObjectError:
            return self._missing(uri)
        try:
            return CurrentChampion(parse_champion(found.body, uri), found.etag)
        except ArtifactError as err:
            return CurrentChampion(None, found.etag, f"{err}; {REMEDY}")

    def served_versions(self) -> list[str]:
        """Return what serves and what served before it, the latest first; nothing that was retired."""
        current = self.look()
        earlier = (e.manifest.version for e in self.history.since_retirement(current=current.manifest))
        return list(dict.fromkeys([*filter(None, [current.version]), *earlier]))

    def _missing(self, uri: str) -> CurrentChampion:
        last = next(self.history.since_retirement(), None)
        if last is None:
            return CurrentChampion(None, None)
        problem = f"{uri} is missing although version {last.manifest.version} served: {REMEDY}"
        return CurrentChampion(None, None, problem)

    def made_by(
        self, execution: str, action: ChangeAction, *, current: CurrentChampion
    ) -> ChampionManifest | None:
        """Return the champion that an execution made, also if it was replaced since, but not if retired."""
        earlier = (each.manifest for each in self.history.since_retirement())
        for manifest in filter(None, (current.manifest, *earlier)):
            change = manifest.change
            if change is not None and (change.execution, change.action) == (execution, action):
                return manifest
        return None

    def publish(
        self, manifest: ChampionManifest, change: Change, *, replacing: CurrentChampion
    ) -> ChampionManifest:
        """Make a version the champion; the one that it replaces becomes the previous one.

        Args:
            manifest: What shall serve.
            change: Why; its number and what it replaces are filled in here.
            replacing: What served when the decision was made.
        Returns:
            The manifest that serves now.
        Raises:
            ConflictError: Somebody else changed the champion in between; nothing that serves was changed.
        """
        previous = self._previous(manifest, replacing)
        update = {"previous": previous, "change": self._next(change, replacing), "published_at": change.at}
        published = manifest.model_copy(update=update)
        self._replace(published, replacing)
        return published

    def retire(self, change: Change, *, replacing: CurrentChampion) -> CurrentChampion:
        """Let no version serve, nor any that served before, until one is promoted.

        Raises:
            ConflictError: As for ``publish``.
        """
        return self._replace(Retirement(change=self._next(change, replacing)), replacing)

    def refresh(self, manifest: ChampionManifest, *, replacing: CurrentChampion) -> CurrentChampion:
        """Write the champion anew with a newer bias correction; it stays the same version.

        Raises:
            ConflictError: As for ``publish``.
        """
        return self._replace(manifest, replacing)

    def previous(self, manifest: ChampionManifest) -> ChampionManifest | None:
        """Return the champion that a manifest replaced, if there was one.

        Raises:
            ArtifactError: Its manifest is missing or cannot be read.
        """
        if manifest.previous is None:
            return None
        key = manifest.previous.manifest_key
        try:
            return parse_manifest(self._store.read(key).body, self._store.uri(key))
        except MissingObjectError as err:
            raise ArtifactError(f"{self._store.uri(key)} is missing: {REMEDY}") from err

    def _replace(self, state: State, replacing: CurrentChampion) -> CurrentChampion:
        if replacing.state is not None:
            self.history.record(replacing.state)
        body, etag = manifest_bytes(state), replacing.etag
        etag = self._store.write(CHAMPION_KEY, body, if_match=etag, if_absent=etag is None)
        self.history.record(state)
        return CurrentChampion(state, etag)

    def _next(self, change: Change, replacing: CurrentChampion) -> Change:
        replaced = replacing.state.change if replacing.state else None
        number = max(self.history.last_number(), replaced.number if replaced else 0) + 1
        return change.model_copy(update={"number": number, "replaced": replacing.identity})

    def _previous(self, manifest: ChampionManifest, replacing: CurrentChampion) -> Previous | None:
        """Name what is replaced, or the last champion on record where that cannot be read.

        What real data taught never falls back on what simulated data taught, nor the other way round.
        """
        replaced = self._replaced(manifest, replacing)
        if replaced is None or replaced.manifest.simulated != manifest.simulated:
            return None
        return replaced.as_previous()

    def _replaced(self, manifest: ChampionManifest, replacing: CurrentChampion) -> EarlierChampion | None:
        if replacing.manifest is not None:
            return EarlierChampion(key_of(replacing.manifest), replacing.manifest)
        if replacing.problem is None:
            return None
        on_record = self.history.since_retirement()
        return next((each for each in on_record if each.manifest.identity != manifest.identity), None)

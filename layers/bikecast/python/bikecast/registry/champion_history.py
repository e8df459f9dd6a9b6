"""The record of every change of the champion, one object for each, never written twice."""

import datetime as dt
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from bikecast.errors import ArtifactError, ConflictError
from bikecast.names import CHAMPION_HISTORY_PREFIX
from bikecast.registry.manifest import (
    ChampionManifest,
    Previous,
    Retirement,
    State,
    manifest_bytes,
    parse_champion,
)
from bikecast.storage import MissingObjectError, ObjectStore

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EarlierChampion:
    """What was champion once, and the key of the manifest that says so."""

    key: str
    manifest: ChampionManifest

    def as_previous(self) -> Previous:
        """Return the reference that a successor's manifest holds."""
        return Previous(version=self.manifest.version, manifest_key=self.key)


class ChampionHistory:
    """States of the champion by number; what older code promoted has number 0.

    Args:
        store: The serving bucket.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def record(self, state: State) -> None:
        """Keep a state under its number, once."""
        key = key_of(state)
        try:
            self._store.write(key, manifest_bytes(state), if_absent=True)
        except ConflictError:
            logger.debug("on record already", extra={"key": key})

    def last_number(self) -> int:
        """Return the highest number on record; 0 if there is none."""
        return max((_number(key) for key in self._store.keys(CHAMPION_HISTORY_PREFIX)), default=0)

    def since_retirement(self, *, current: ChampionManifest | None = None) -> Iterator[EarlierChampion]:
        """Yield what was champion since the last retirement, the latest first; the unreadable is skipped.

        Args:
            current: What serves; it leads to the champions of older code while none of them is on record.
        """
        oldest: ChampionManifest | None = None
        for key in sorted(self._store.keys(CHAMPION_HISTORY_PREFIX), reverse=True):
            state = self._readable(key)
            if state is not None and not isinstance(state, ChampionManifest):
                return
            if state is not None:
                yield EarlierChampion(key, state)
                oldest = state
        yield from self._linked(oldest or current)

    def last_retirement(self) -> dt.datetime | None:
        """Return when everything that served until then was retired; None if that never happened."""
        for key in sorted(self._store.keys(CHAMPION_HISTORY_PREFIX), reverse=True):
            state = self._readable(key)
            if isinstance(state, Retirement):
                return state.change.at
        return None

    def _linked(self, manifest: ChampionManifest | None) -> Iterator[EarlierChampion]:
        """Yield the champions of older code: each names the one before it, beside that version's files."""
        seen: set[str] = set()
        while manifest is not None and manifest.previous is not None and manifest.change is None:
            key = manifest.previous.manifest_key
            state = None if key in seen else self._readable(key)
            seen.add(key)
            manifest = state if isinstance(state, ChampionManifest) else None
            if manifest is not None:
                yield EarlierChampion(key, manifest)

    def _readable(self, key: str) -> State | None:
        try:
            return parse_champion(self._store.read(key).body, self._store.uri(key))
        except (ArtifactError, MissingObjectError) as err:
            logger.warning("a record of an earlier champion is skipped", extra={"key": key}, exc_info=err)
            return None


def key_of(state: State) -> str:
    """Return the key under which a state is on record."""
    number = state.change.number if state.change else 0
    what = f"{state.version}-{state.run_id}" if isinstance(state, ChampionManifest) else "retired"
    return f"{CHAMPION_HISTORY_PREFIX}{number:08d}-{what}.json"


def _number(key: str) -> int:
    digits = key.removeprefix(CHAMPION_HISTORY_PREFIX).partition("-")[0]
    return int(digits) if digits.isdecimal() else 0

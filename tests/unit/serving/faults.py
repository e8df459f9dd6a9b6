"""A store that can be down, slow or lying, and a listener that remembers."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bikecast.errors import StoreError
from bikecast.storage import FolderStore, StoredObject


class FaultyStore(FolderStore):
    """A folder store with switches; ``reads`` counts what was asked of it, down or not."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.down = False
        self.delay_s = 0.0
        self.reads: list[str] = []

    def read(self, key: str) -> StoredObject:
        self._suffer(key)
        return super().read(key)

    def keys(self, prefix: str) -> Iterator[str]:
        self._suffer(prefix)
        return super().keys(prefix)

    def _suffer(self, key: str) -> None:
        self.reads.append(key)
        time.sleep(self.delay_s)
        if self.down:
            raise StoreError(f"{key}: the store is down")


@dataclass
class Remembering:
    """Keeps what it heard."""

    swaps: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def swapped(self, version: str) -> None:
        self.swaps.append(version)

    def failed(self, reason: str) -> None:
        self.failures.append(reason)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

"""Writes that kill the process before or after they happen, or let somebody else act in between."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bikecast.storage import FolderStore
from tests.training_job.fake_registry import FakeRegistry


class Killed(BaseException):
    """The process is gone: nothing that is written in Python catches this."""


class Faults:
    """Counts writes and strikes at one of them."""

    def __init__(self) -> None:
        self._strike: Callable[[], None] | None = None
        self._left, self._is_after = 0, False

    def kill_at(self, write: int, *, is_after: bool) -> None:
        """Kill the process at the n-th write from now, before or after it."""
        self._left, self._is_after, self._strike = write, is_after, self._kill

    def interrupt_at(self, write: int, action: Callable[[], None]) -> None:
        """Run something else just before the n-th write from now."""
        self._left, self._is_after, self._strike = write, False, action

    @property
    def left(self) -> int:
        """How many writes it is to the strike."""
        return self._left

    def clear(self) -> None:
        """Strike no more."""
        self._strike = None

    def around(self, write: Callable[[], Any]) -> Any:
        """Do a write, and strike if it is its turn."""
        strike = self._turn()
        if strike is not None and not self._is_after:
            strike()
        try:
            return write()
        finally:  # also after a write whose condition failed
            if strike is not None and self._is_after:
                strike()

    def _turn(self) -> Callable[[], None] | None:
        if self._strike is None:
            return None
        self._left -= 1
        if self._left >= 0:
            return None
        strike, self._strike = self._strike, None
        return strike

    def _kill(self) -> None:
        raise Killed


class MortalStore(FolderStore):
    """A folder whose writes may be struck."""

    def __init__(self, root: Path, faults: Faults) -> None:
        super().__init__(root)
        self._faults = faults

    def write(self, key: str, body: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        def write() -> str:
            return FolderStore.write(self, key, body, if_match=if_match, if_absent=if_absent)

        return str(self._faults.around(write))


class MortalRegistry(FakeRegistry):
    """A registry whose writes may be struck."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self._faults = faults

    def register(self, name: str, **more: Any) -> str:
        return str(self._faults.around(lambda: FakeRegistry.register(self, name, **more)))

    def tag(self, name: str, version: str, tags: Any) -> None:
        self._faults.around(lambda: FakeRegistry.tag(self, name, version, tags))

    def set_alias(self, name: str, alias: str, version: str) -> None:
        self._faults.around(lambda: FakeRegistry.set_alias(self, name, alias, version))

    def delete_alias(self, name: str, alias: str) -> None:
        self._faults.around(lambda: FakeRegistry.delete_alias(self, name, alias))

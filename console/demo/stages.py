"""Stages of the demo: each reports its start and duration, and a failure says what to do."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bikecast.errors import BikecastError
from console import ui
from console.errors import CommandError, ExecutionError, refusal, sdk_errors


class StageError(BikecastError):
    """A stage failed: which, why, where to read on and what to do."""


class Stages:
    """Numbered stages with the time of each.

    Args:
        count: How many stages there will be.
        log_folder: Where the logs of what runs beside stand.
    """

    def __init__(self, count: int, *, log_folder: Path) -> None:
        self._count = count
        self._log_folder = log_folder
        self._started = time.monotonic()
        self.seconds: dict[str, float] = {}

    @property
    def total_seconds(self) -> float:
        """Time since the story began."""
        return time.monotonic() - self._started

    @contextmanager
    def stage(self, name: str, *, advice: str) -> Iterator[None]:
        """Run one stage.

        Raises:
            StageError: Something we refuse on purpose happened inside; anything else passes as it is.
        """
        number = len(self.seconds) + 1
        ui.note(f"\n[{number}/{self._count}] {name}")
        started = time.monotonic()
        try:
            yield
        except BikecastError as err:
            raise StageError(self._explain(name, err, advice=advice)) from err
        except sdk_errors() as err:
            raise StageError(self._explain(name, refusal(err), advice=advice)) from err
        self.seconds[name] = round(time.monotonic() - started, 1)
        ui.note(f"      {name}: {ui.elapsed(self.seconds[name])}, {ui.elapsed(self.total_seconds)} in all")

    def _explain(self, name: str, err: BikecastError, *, advice: str) -> str:
        return "\n".join(
            [
                f"stage `{name}` failed after {ui.elapsed(self.total_seconds)}",
                f"  cause:   {err}",
                f"  read:    {self._where(err)}",
                f"  to do:   {advice}; then run `make demo` again, it goes on from here",
            ]
        )

    def _where(self, err: BikecastError) -> str:
        if isinstance(err, CommandError) and err.log_path:
            return str(err.log_path)
        if isinstance(err, ExecutionError):
            return f"`bikecast logs --since 15m`, or the files in {self._log_folder}"
        return f"the files in {self._log_folder}"

"""Results go to stdout, as JSON or as tables; everything else goes to stderr."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel
from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

QUIET_UPDATE_S = 15.0
CHANGED_UPDATE_S = 2.0
PIPED_WIDTH = 200
OK, FAILED, LEFT = "ok", "FAILED", "left"

# Names of files and people's reasons are shown as they are: nothing in them is markup.
progress_console = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
result_console = Console(
    highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else PIPED_WIDTH
)


def note(message: str) -> None:
    """Tell the person something that is not the result."""
    progress_console.print(message)


def show(result: Any, *, as_json: bool, table: Callable[[], RenderableType]) -> None:
    """Print a result: as one JSON document for machines, or as ``table()`` for people."""
    if as_json:
        sys.stdout.write(to_json(result) + "\n")
        sys.stdout.flush()
        return
    result_console.print(table())


def to_json(result: Any) -> str:
    """Return indented JSON; models are dumped and times written in ISO 8601."""
    import json

    return json.dumps(result, indent=2, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else str(value)


def elapsed(seconds: float) -> str:
    """Write a duration as ``m:ss`` or ``h:mm:ss``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def pairs_table(pairs: dict[str, Any], *, title: str | None = None) -> Table:
    """Lay out names and values in two columns."""
    table = Table(title=title, show_header=False, box=None, pad_edge=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in pairs.items():
        table.add_row(name, Text("-" if value is None else str(value)))
    return table


def rows_table(rows: list[dict[str, Any]], *, title: str | None = None) -> Table:
    """Lay out rows that share their keys; a number stands right."""
    table = Table(title=title, box=None, pad_edge=False, title_justify="left", header_style="bold")
    for name, value in (rows[0] if rows else {}).items():
        table.add_column(name, justify="right" if isinstance(value, int | float) else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    return table


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.3f}" if 0 < abs(value) < 10 else f"{value:,.0f}"
    return str(value)


class Activity:
    """One thing under way: a spinner with its time for people, a line now and then for a log file."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._detail = ""
        self._started = self._printed = time.monotonic()
        self._live: Live | None = None

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return time.monotonic() - self._started

    def update(self, detail: str) -> None:
        """Say how far it is; call it as often as you like."""
        changed, self._detail = detail != self._detail, detail
        silence_s = time.monotonic() - self._printed
        if self._live is None and silence_s > (CHANGED_UPDATE_S if changed else QUIET_UPDATE_S):
            self._print("..", self._line())

    def step(self, text: str) -> None:
        """Leave a line behind for a part that is finished."""
        self._print("  ", text)

    def _line(self) -> str:
        return f"{self.title}  {self._detail}  [{elapsed(self.seconds)}]".replace("    ", "  ")

    def _print(self, mark: str, text: str) -> None:
        self._printed = time.monotonic()
        progress_console.print(f"{mark} {text}")

    def __rich__(self) -> RenderableType:
        return Spinner("dots", text=Text(self._line()))

    def begin(self) -> None:
        """Show it."""
        if progress_console.is_terminal:
            self._live = Live(self, console=progress_console, transient=True, refresh_per_second=4)
            self._live.start()
        else:
            self._print("..", self.title)

    def end(self, ending: str) -> None:
        """Replace it by a line that begins with how it ended."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        self._print(ending, self._line())


@contextmanager
def activity(title: str) -> Iterator[Activity]:
    """Show an activity while the block runs; it ends as failed if the block raises, as left on Ctrl-C."""
    current = Activity(title)
    current.begin()
    ending = FAILED
    try:
        yield current
        ending = OK
    except KeyboardInterrupt:
        ending = LEFT
        raise
    finally:
        current.end(ending)

"""Reading an execution's history: which states ran, for how long, and how many items of a map are done.

AWS writes an event for each iteration of a map; an emulator may write only the tasks' events
(MiniStack 1.5.33: no ``MapStateStarted``, ``MapIteration*``, ``TaskStarted``, nor states inside a map).
What is missing is taken from the machine's definition and the map's input.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class MapOutline:
    """What the definition says of one map: where its items stand and how many tasks each item runs."""

    items_path: tuple[str, ...]
    tasks_per_item: int


@dataclass(frozen=True)
class Outline:
    """What the definition says of the machine's top level; no ``states``: all count as top level."""

    states: frozenset[str] | None = None
    maps: Mapping[str, MapOutline] = field(default_factory=dict)


@dataclass(frozen=True)
class StateRun:
    """One state of the top level, entered once; instants are aware."""

    name: str
    entered_at: dt.datetime
    exited_at: dt.datetime | None = None
    items: int | None = None
    items_done: int = 0
    items_failed: int = 0
    error: str | None = None
    cause: str | None = None

    @property
    def progress(self) -> str:
        """Say how many items of a map are done; empty for other states."""
        if self.items is None:
            return ""
        failed = f", {self.items_failed} failed" if self.items_failed else ""
        return f"{self.items_done} of {self.items} done{failed}"


def read_outline(definition: str) -> Outline:
    """Read a machine's definition (Amazon States Language)."""
    states: dict[str, Any] = json.loads(definition).get("States", {})
    maps = {name: _map_outline(state) for name, state in states.items() if state.get("Type") == "Map"}
    return Outline(states=frozenset(states), maps=maps)


def _map_outline(state: dict[str, Any]) -> MapOutline:
    inner = (state.get("ItemProcessor") or state.get("Iterator") or {}).get("States", {})
    tasks = sum(1 for child in inner.values() if child.get("Type") == "Task")
    path = str(state.get("ItemsPath", "$")).removeprefix("$").strip(".")
    return MapOutline(items_path=tuple(path.split(".")) if path else (), tasks_per_item=max(tasks, 1))


def read_history(events: Iterable[Mapping[str, Any]], outline: Outline) -> tuple[StateRun, ...]:
    """Fold a history, oldest event first, into the runs of the top-level states."""
    reader = _HistoryReader(outline)
    for event in events:
        reader.take(event)
    return tuple(reader.runs)


class _HistoryReader:
    """The fold: the last run is the open one, and events that are not about states belong to it."""

    def __init__(self, outline: Outline) -> None:
        self.runs: list[StateRun] = []
        self._outline = outline
        self._tasks_done = 0
        self._sees_iterations = False

    def take(self, event: Mapping[str, Any]) -> None:
        kind = str(event["type"])
        if kind.endswith("StateEntered"):
            self._enter(event)
        elif kind.endswith("StateExited"):
            self._exit(event)
        elif self.runs:
            self._inside(kind, event)

    def _enter(self, event: Mapping[str, Any]) -> None:
        details = event["stateEnteredEventDetails"]
        if not self._is_top_level(details["name"]):
            return
        self._tasks_done, self._sees_iterations = 0, False
        items = self._count_items(details["name"], details.get("input", "{}"))
        self.runs.append(StateRun(details["name"], as_instant(event["timestamp"]), items=items))

    def _exit(self, event: Mapping[str, Any]) -> None:
        name = event["stateExitedEventDetails"]["name"]
        if self.runs and self.runs[-1].name == name:
            last = self.runs[-1]
            done = last.items if last.items is not None and last.error is None else last.items_done
            self._change(exited_at=as_instant(event["timestamp"]), items_done=done)

    def _inside(self, kind: str, event: Mapping[str, Any]) -> None:
        last = self.runs[-1]
        if kind == "MapStateStarted":
            self._change(items=event["mapStateStartedEventDetails"]["length"])
        elif kind == "MapIterationSucceeded":
            done = last.items_done + 1 if self._sees_iterations else 1
            self._sees_iterations = True
            self._change(items_done=done)
        elif kind == "TaskSucceeded" and not self._sees_iterations:
            self._count_task(last)
        elif kind in ("MapIterationFailed", "MapIterationAborted"):
            self._change(items_failed=last.items_failed + 1)
        self._note_error(kind, event)

    def _count_task(self, last: StateRun) -> None:
        self._tasks_done += 1
        shape = self._outline.maps.get(last.name)
        if shape is not None:
            self._change(items_done=self._tasks_done // shape.tasks_per_item)

    def _note_error(self, kind: str, event: Mapping[str, Any]) -> None:
        if not kind.endswith(("Failed", "TimedOut")):
            return
        details = next((v for k, v in event.items() if k.endswith("EventDetails") and "error" in v), None)
        if details is not None and kind != "ExecutionFailed":
            self._change(error=details["error"], cause=details.get("cause"))

    def _is_top_level(self, name: str) -> bool:
        return self._outline.states is None or name in self._outline.states

    def _count_items(self, name: str, text: str) -> int | None:
        shape = self._outline.maps.get(name)
        if shape is None:
            return None
        found = json.loads(text)
        for part in shape.items_path:
            found = found.get(part) if isinstance(found, dict) else None
        return len(found) if isinstance(found, list) else None

    def _change(self, **values: Any) -> None:
        self.runs[-1] = replace(self.runs[-1], **values)


def as_instant(value: dt.datetime | str) -> dt.datetime:
    """Return an aware instant; botocore parses AWS's numbers, an emulator may send text."""
    parsed = (
        value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(value.replace("Z", "+00:00"))
    )
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=dt.UTC)

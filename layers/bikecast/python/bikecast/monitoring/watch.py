"""The protocol by which a use case is monitored."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from bikecast.drift import DriftLimits, Judgement
from bikecast.monitoring.scored import ScoredRows
from bikecast.storage import ObjectStore

if TYPE_CHECKING:
    import psycopg

    from bikecast.monitoring.reports.report import WindowReport
    from bikecast.monitoring.requests import MonitorRequest
    from bikecast.monitoring.windows import Window

Metrics = Mapping[str, float | int | None]


@dataclass(frozen=True)
class Ports:
    """What the monitor touches."""

    data: ObjectStore
    serving: ObjectStore
    reports: ObjectStore
    connect: "Callable[[], psycopg.Connection]"
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class ColumnDrift:
    """How far one column is from its reference."""

    feature: str
    kind: str
    method: str
    score: float | None
    threshold: float | None
    drifted: bool
    current_mean: float | None
    reference_mean: float | None
    missing_share: float


@dataclass(frozen=True)
class Examined:
    """What one window showed; without enough rows only counts and a reason.

    ``metric`` is the name of the primary metric, and ``metric_value`` its value where the truth is known.
    ``curve`` are the rows of a use case that is drawn in time.
    """

    judgement: Judgement
    counts: Mapping[str, Any]
    scores: Mapping[str, float] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=dict)
    features: tuple[ColumnDrift, ...] = ()
    report: "WindowReport | None" = None
    metric: str = ""
    metric_value: float | None = None
    curve: ScoredRows | None = None


class WatchedChampion(Protocol):
    """The model version that is watched."""

    @property
    def version(self) -> str:
        """As the registry numbers it."""
        ...

    @property
    def published_at(self) -> dt.datetime:
        """Aware UTC."""
        ...

    @property
    def thresholds(self) -> DriftLimits:
        """What counts as unusual for it."""
        ...


class WindowRows(Protocol):
    """The loaded rows from which one window is judged."""

    def is_recent(self, window: "Window") -> bool:
        """Tell whether the window ends among the newest data; an older one must open no incident."""
        ...

    def actual_until(self) -> dt.datetime | None:
        """Return the time of the last row whose target is known."""
        ...


class Watching(Protocol):
    """One champion over some windows, with its sources open."""

    @property
    def champion(self) -> WatchedChampion:
        """Who is watched."""
        ...

    def rows_of(self, window: "Window") -> tuple[str, WindowRows]:
        """Return the name of the window's source and its rows."""
        ...

    def examine(self, rows: Any, window: "Window", *, pages: bool) -> Examined:
        """Score one window; ``rows`` are what ``rows_of`` returned for it."""
        ...


class Watch(Protocol):
    """What a use case brings to the monitor."""

    @property
    def use_case(self) -> str:
        """Its name, by which everything is stored."""
        ...

    @property
    def time_zone(self) -> str:
        """The zone whose wall time windows and rows carry."""
        ...

    def windows(
        self, request: "MonitorRequest", ports: Ports, connection: "psycopg.Connection"
    ) -> "Sequence[Window]":
        """Return the windows to judge, in order."""
        ...

    def open(
        self,
        request: "MonitorRequest",
        ports: Ports,
        connection: "psycopg.Connection",
        windows: "Sequence[Window]",
    ) -> Watching:
        """Load the champion and prepare the sources for these windows."""
        ...

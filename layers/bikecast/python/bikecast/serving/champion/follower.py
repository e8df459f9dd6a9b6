"""Follows the champion manifest: revalidates it by ETag, loads and checks a new model, then swaps."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, replace
from typing import Protocol

from bikecast.errors import StoreError
from bikecast.names import CHAMPION_KEY
from bikecast.registry.automation import AutomationSwitch, read_switch
from bikecast.registry.manifest import ChampionManifest, parse_champion
from bikecast.serving.champion.engines import Engine, Loaders, ModelEngine
from bikecast.serving.champion.fallback_chain import Attempts, FallbackChain
from bikecast.serving.champion.last_copy import LastCopy
from bikecast.storage import ObjectStore, StoredObject

MAX_BACKOFF = 12
EMPTY_RETRY_S = 1.0  # while nobody can answer
RUNNING = AutomationSwitch(paused=False)


class UnavailableError(StoreError):
    """Nothing can answer: no champion, no previous one, no profile."""


class Listener(Protocol):
    """Hears what happens to the champion; called from the thread that refreshes."""

    def swapped(self, version: str) -> None:
        """Another model answers from now on."""
        ...

    def failed(self, reason: str) -> None:
        """A champion, or the way to it, is unusable; an older engine answers."""
        ...


@dataclass(frozen=True)
class View:
    """Who answers now, best first, and what is known about it."""

    engines: tuple[Engine, ...]
    champion_version: str | None = None
    problem: str | None = None
    automation: AutomationSwitch = RUNNING

    @property
    def leader(self) -> Engine:
        """The engine that answers while it can."""
        return self.engines[0]

    @property
    def model(self) -> ModelEngine | None:
        """The best model in memory, whether or not it is the champion."""
        return next((engine for engine in self.engines if isinstance(engine, ModelEngine)), None)


class ChampionFollower:
    """Keeps the best available engines in memory; threads may share it.

    Args:
        store: The serving bucket.
        listener: Told of swaps and failures.
        ttl_s: The manifest is asked for at most once in this time; longer, up to
            ``MAX_BACKOFF`` times, while checks fail.
        wait_s: The longest that a request waits for a refresh while somebody can answer.
        loaders: How models and profiles come into memory.
        last_copy: Keeps the champion's files where a start finds them while the bucket cannot be read.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        store: ObjectStore,
        loaders: Loaders,
        *,
        listener: Listener,
        ttl_s: float,
        wait_s: float = 1.0,
        last_copy: LastCopy | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._listener, self._clock = store, listener, clock
        self._ttl_s, self._wait_s = ttl_s, wait_s
        self._chain, self._last_copy = FallbackChain(store, loaders), last_copy
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="champion")
        self._lock = threading.Lock()
        self._refresh: Future[None] | None = None
        self._view: View | None = None
        self._etag: str | None = None
        self._due_at_s, self._failures = clock(), 0

    def view(self) -> View:
        """Return who answers now.

        Raises:
            UnavailableError: Nothing can answer yet.
        """
        if self._clock() >= self._due_at_s:
            self._refresh_once()
        if self._view is None:
            raise UnavailableError("no model and no profile can be read yet; publish a champion or try again")
        return self._view

    def _refresh_once(self) -> None:
        with self._lock:
            mine = self._refresh is None or self._refresh.done()
            if mine:
                self._refresh = self._pool.submit(self._check)
            refresh = self._refresh
        if refresh is not None and (mine or self._view is None):
            wait_for([refresh], timeout=None if self._view is None else self._wait_s)

    def _check(self) -> None:
        attempts = Attempts()
        before = self._view
        after = self._renewed(before, attempts)
        if after is not None:
            after = self._with_automation(after, attempts)
        self._view = after
        self._failures = self._failures + 1 if attempts.problems else 0
        pause_s = self._ttl_s * min(2**self._failures, MAX_BACKOFF)
        self._due_at_s = self._clock() + (pause_s if after else min(pause_s, EMPTY_RETRY_S))
        self._announce(before, attempts)

    def _with_automation(self, view: View, attempts: Attempts) -> View:
        """Let others answer before a champion that is distrusted, and the champion first again afterwards."""
        switch = attempts.run("automation state", lambda: read_switch(self._store)) or view.automation
        engines = self._chain.ordered(view.engines, distrusts=bool(switch.distrusted), attempts=attempts)
        return replace(view, engines=engines, problem=attempts.problem, automation=switch)

    def _renewed(self, view: View | None, attempts: Attempts) -> View | None:
        changed = attempts.run("champion manifest", self._changed_manifest)
        if changed is None and (view is not None or not attempts.problems):
            return view
        if changed is None:
            return self._recovered(attempts)
        uri = self._store.uri(CHAMPION_KEY)
        state = attempts.run("champion manifest", lambda: parse_champion(changed.body, uri))
        if state is None:
            self._etag = None
            return view or self._recovered(attempts)
        if not isinstance(state, ChampionManifest):
            self._retire(changed.etag)
            return None
        return self._swapped(view, state, attempts, etag=changed.etag)

    def _swapped(
        self, view: View | None, manifest: ChampionManifest, attempts: Attempts, *, etag: str
    ) -> View | None:
        view = view if _same_origin(view, manifest) else None
        held = () if view is None else view.engines
        engines = self._chain.for_manifest(manifest, held=held, attempts=attempts)
        self._etag = None if attempts.problems else etag  # what failed is tried again
        if self._last_copy is not None and not attempts.problems:
            self._pool.submit(self._last_copy.keep, self._store, manifest)
        return _view(engines, manifest.version) or view

    def _retire(self, etag: str) -> None:
        """Let nothing answer: what taught the champion was simulated and is gone."""
        self._etag = etag
        if self._last_copy is not None:
            self._pool.submit(self._last_copy.forget)

    def _recovered(self, attempts: Attempts) -> View | None:
        """Return who answers while no manifest can be read: this machine's copy, or an earlier champion."""
        earlier = attempts.run("earlier champions", self._chain.earlier)
        if not earlier and attempts.only_missed:
            return None  # nothing was ever promoted here, or it was retired
        engines = () if self._last_copy is None else self._last_copy.engines(attempts)
        return _view(engines or self._chain.recovered(earlier or (), attempts), None)

    def _changed_manifest(self) -> StoredObject | None:
        return self._store.read_if_changed(CHAMPION_KEY, etag=self._etag)

    def _announce(self, before: View | None, attempts: Attempts) -> None:
        if attempts.problem is not None:
            self._listener.failed(attempts.problem)
        after = self._view
        if before is not None and after is not None and before.leader.version != after.leader.version:
            self._listener.swapped(after.leader.version)


def _view(engines: tuple[Engine, ...], champion_version: str | None) -> View | None:
    return View(engines, champion_version) if engines else None


def _same_origin(view: View | None, manifest: ChampionManifest) -> bool:
    """Tell whether what answers now learned from the same kind of data: simulated, or real."""
    return view is None or view.model is None or view.model.manifest.simulated == manifest.simulated

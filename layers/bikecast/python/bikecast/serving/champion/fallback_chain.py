"""The fallback chain of a manifest: champion, previous champion, fallback, whatever loads."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bikecast.names import PredictionSource
from bikecast.registry.champion_store import ChampionStore
from bikecast.registry.manifest import ChampionManifest
from bikecast.serving.champion.engines import Engine, FallbackEngine, Loaders, ModelEngine
from bikecast.storage import MissingObjectError, ObjectStore

log = logging.getLogger(__name__)
Value = TypeVar("Value")


@dataclass
class Attempts:
    """Tries one thing after another and keeps what went wrong."""

    problems: list[str] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def run(self, what: str, action: Callable[[], Value]) -> Value | None:
        """Return the action's value, or None and a problem noted."""
        try:
            return action()
        except Exception as err:
            log.warning("serving attempt failed", extra={"attempt": what}, exc_info=err)
            self.problems.append(f"{what}: {type(err).__name__}: {err}")
            self.errors.append(err)
            return None

    @property
    def only_missed(self) -> bool:
        """Whether everything that went wrong is that something does not exist."""
        return all(isinstance(err, MissingObjectError) for err in self.errors)

    @property
    def problem(self) -> str | None:
        """Everything that went wrong, in one sentence."""
        return "; ".join(self.problems) or None


class FallbackChain:
    """Loads engines from one store; only what is or was champion may answer.

    Args:
        store: The serving bucket.
        loaders: How models and fallbacks come into memory.
    """

    def __init__(self, store: ObjectStore, loaders: Loaders) -> None:
        self._store, self._loaders = store, loaders

    def for_manifest(
        self, manifest: ChampionManifest, *, held: tuple[Engine, ...], attempts: Attempts
    ) -> tuple[Engine, ...]:
        """Return who answers under a manifest, best first; ``held`` ones stand in for what fails to load."""
        champion = self._model(manifest, PredictionSource.CHAMPION, attempts)
        previous = _previous_champion(held, manifest)
        if champion is None and previous is None:
            previous = self._previous(manifest, attempts)
        fallback = self._fallback(manifest, attempts) or _fallback_of(held)
        if fallback is None and previous is not None:
            fallback = self._fallback(previous.manifest, attempts)
        return _present(champion, previous, fallback)

    def ordered(
        self, engines: tuple[Engine, ...], *, distrusts: bool, attempts: Attempts
    ) -> tuple[Engine, ...]:
        """Return the same engines, the champion first; last, behind its predecessor, if it is distrusted."""
        champion = next((each for each in engines if each.source is PredictionSource.CHAMPION), None)
        if not isinstance(champion, ModelEngine):
            return engines
        others = tuple(each for each in engines if each is not champion)
        if not distrusts:
            return engines if engines[0] is champion else (champion, *others)
        known = any(each.source is PredictionSource.PREVIOUS_CHAMPION for each in others)
        previous = None if known else self._previous(champion.manifest, attempts)
        return (*_present(previous), *others, champion)

    def earlier(self) -> list[ChampionManifest]:
        """Return what was champion since the last retirement, the latest first."""
        return [each.manifest for each in ChampionStore(self._store).history.since_retirement()]

    def recovered(self, manifests: Iterable[ChampionManifest], attempts: Attempts) -> tuple[Engine, ...]:
        """Return who answers of these, best first: the first that loads, as a previous champion."""
        for manifest in manifests:
            model = self._model(manifest, PredictionSource.PREVIOUS_CHAMPION, attempts)
            fallback = self._fallback(manifest, attempts)
            if model is not None or fallback is not None:
                return _present(model, fallback)
        return ()

    def _previous(self, manifest: ChampionManifest, attempts: Attempts) -> ModelEngine | None:
        named = attempts.run("previous champion", lambda: ChampionStore(self._store).previous(manifest))
        earlier = attempts.run("earlier champions", self.earlier) or []
        for each in [*([named] if named else []), *earlier]:
            if _may_stand_in(each, manifest):
                model = self._model(each, PredictionSource.PREVIOUS_CHAMPION, attempts)
                if model is not None:
                    return model
        return None

    def _model(
        self, manifest: ChampionManifest, source: PredictionSource, attempts: Attempts
    ) -> ModelEngine | None:
        what = f"model {manifest.version}"
        model = attempts.run(what, lambda: self._loaders.model(self._store, manifest))
        return None if model is None else ModelEngine(source, manifest, model)

    def _fallback(self, manifest: ChampionManifest, attempts: Attempts) -> FallbackEngine | None:
        what, loaders = f"fallback of {manifest.version}", self._loaders
        found = attempts.run(what, lambda: loaders.fallback(self._store, manifest.profile))
        if found is None:
            return None
        return FallbackEngine(manifest.version, found, loaders.fallback_source, loaders.fallback_name)


def _present(*engines: Engine | None) -> tuple[Engine, ...]:
    return tuple(engine for engine in engines if engine is not None)


def _previous_champion(held: Iterable[Engine], champion: ChampionManifest) -> ModelEngine | None:
    for engine in held:
        if isinstance(engine, ModelEngine) and _may_stand_in(engine.manifest, champion):
            return replace(engine, source=PredictionSource.PREVIOUS_CHAMPION)
    return None


def _may_stand_in(manifest: ChampionManifest, champion: ChampionManifest) -> bool:
    """Tell whether a version may answer in place of the champion: simulated ones not beside real data."""
    return manifest.identity != champion.identity and manifest.simulated == champion.simulated


def _fallback_of(held: Iterable[Engine]) -> FallbackEngine | None:
    return next((engine for engine in held if isinstance(engine, FallbackEngine)), None)

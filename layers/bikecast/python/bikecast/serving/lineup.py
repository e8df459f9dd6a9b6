"""Who answers under which manifest: champion, previous champion, seasonal profile, whatever loads."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pydantic import ValidationError

from bikecast.errors import ArtifactError
from bikecast.manifest import ChampionManifest
from bikecast.names import MODELS_PREFIX, PredictionSource
from bikecast.serving.engines import Engine, Loaders, ModelEngine, NaiveEngine
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


def parsed_manifest(body: bytes, *, uri: str) -> ChampionManifest:
    """Read a manifest.

    Raises:
        ArtifactError: It is not one.
    """
    try:
        return ChampionManifest.model_validate_json(body)
    except ValidationError as err:
        raise ArtifactError(f"{uri} is no champion manifest: {err}") from err


class LineUp:
    """Loads engines from one store.

    Args:
        store: The serving bucket.
        loaders: How models and profiles come into memory.
    """

    def __init__(self, store: ObjectStore, loaders: Loaders) -> None:
        self._store, self._loaders = store, loaders

    def under(
        self, manifest: ChampionManifest, *, held: tuple[Engine, ...], attempts: Attempts
    ) -> tuple[Engine, ...]:
        """Return who answers under a manifest, best first; ``held`` ones stand in for what fails to load."""
        champion = self._model(manifest, PredictionSource.CHAMPION, attempts)
        previous = _demoted(held, manifest.version)
        if champion is None and previous is None:
            previous = self._previous(manifest, attempts)
        naive = self._naive(manifest, attempts) or _naive_of(held)
        if naive is None and previous is not None:
            naive = self._naive(previous.manifest, attempts)
        return _present(champion, previous, naive)

    def recovered(self, attempts: Attempts) -> tuple[Engine, ...]:
        """Return who answers when no champion manifest can be read: the version published last that loads."""
        manifests = attempts.run("published versions", self._published) or []
        for manifest in sorted(manifests, key=lambda item: item.published_at, reverse=True):
            model = self._model(manifest, PredictionSource.PREVIOUS_CHAMPION, attempts)
            naive = self._naive(manifest, attempts)
            if model is not None or naive is not None:
                return _present(model, naive)
        return ()

    def _published(self) -> list[ChampionManifest]:
        keys = [key for key in self._store.keys(MODELS_PREFIX) if key.endswith("/manifest.json")]
        return [self._manifest(key) for key in keys]

    def _manifest(self, key: str) -> ChampionManifest:
        return parsed_manifest(self._store.read(key).body, uri=self._store.uri(key))

    def _previous(self, manifest: ChampionManifest, attempts: Attempts) -> ModelEngine | None:
        if manifest.previous is None:
            return None
        key = manifest.previous.manifest_key
        older = attempts.run(f"manifest {key}", lambda: self._manifest(key))
        return None if older is None else self._model(older, PredictionSource.PREVIOUS_CHAMPION, attempts)

    def _model(
        self, manifest: ChampionManifest, source: PredictionSource, attempts: Attempts
    ) -> ModelEngine | None:
        what = f"model {manifest.version}"
        forecaster = attempts.run(what, lambda: self._loaders.model(self._store, manifest))
        return None if forecaster is None else ModelEngine(source, manifest, forecaster)

    def _naive(self, manifest: ChampionManifest, attempts: Attempts) -> NaiveEngine | None:
        what = f"profile of {manifest.version}"
        profile = attempts.run(what, lambda: self._loaders.profile(self._store, manifest.profile))
        return None if profile is None else NaiveEngine(manifest.version, profile)


def _present(*engines: Engine | None) -> tuple[Engine, ...]:
    return tuple(engine for engine in engines if engine is not None)


def _demoted(held: Iterable[Engine], champion_version: str) -> ModelEngine | None:
    for engine in held:
        if isinstance(engine, ModelEngine) and engine.version != champion_version:
            return replace(engine, source=PredictionSource.PREVIOUS_CHAMPION)
    return None


def _naive_of(held: Iterable[Engine]) -> NaiveEngine | None:
    return next((engine for engine in held if isinstance(engine, NaiveEngine)), None)

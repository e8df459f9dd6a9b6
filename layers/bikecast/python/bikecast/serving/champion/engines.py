"""Engines that can answer: the champion, the previous champion, and the fallback that needs no model."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from bikecast.evaluation.outcome import Outcome
from bikecast.names import PredictionSource
from bikecast.registry.manifest import Artifact, ChampionManifest
from bikecast.storage import ObjectStore


class PredictionInput(Protocol):
    """Checked rows of a request, in the use case's own shape."""

    @property
    def n_rows(self) -> int:
        """How many answers there must be."""
        ...


class Answerer(Protocol):
    """A loaded model or fallback; it takes the prediction inputs of its use case."""

    def answer(self, inputs: Any) -> Outcome:
        """Answer every row."""
        ...


class Engine(Protocol):
    """One way to answer."""

    @property
    def source(self) -> PredictionSource:
        """What the response says of who answered."""
        ...

    @property
    def name(self) -> str:
        """The name of the model."""
        ...

    @property
    def version(self) -> str:
        """The version of the model, or that of the one that the fallback came with."""
        ...

    def answer(self, inputs: Any) -> Outcome:
        """Answer every row."""
        ...


@dataclass(frozen=True)
class ModelEngine:
    """A checked model; the champion, or the one before it."""

    source: PredictionSource
    manifest: ChampionManifest
    model: Any

    @property
    def name(self) -> str:
        return self.manifest.model_name

    @property
    def version(self) -> str:
        return self.manifest.version

    def answer(self, inputs: Any) -> Outcome:
        outcome: Outcome = self.model.answer(inputs)
        return outcome


@dataclass(frozen=True)
class FallbackEngine:
    """The published fallback; ``version`` is that of the model it was published with."""

    version: str
    fallback: Any
    source: PredictionSource
    name: str

    def answer(self, inputs: Any) -> Outcome:
        outcome: Outcome = self.fallback.answer(inputs)
        return outcome


@dataclass(frozen=True)
class Loaders:
    """How a use case's engines come into memory.

    Attributes:
        model: Fetches and checks a model. Raises ``ArtifactError`` for a file that fails its check.
        fallback: Fetches and checks what answers when no model can. Raises as ``model`` does.
        fallback_source: What the response says when the fallback answered.
        fallback_name: What the response calls it.
    """

    model: Callable[[ObjectStore, ChampionManifest], Answerer]
    fallback: Callable[[ObjectStore, Artifact], Answerer]
    fallback_source: PredictionSource = PredictionSource.BASELINE
    fallback_name: str = "baseline"

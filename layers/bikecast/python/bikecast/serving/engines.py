"""What can answer: models and the seasonal profile, in order of preference."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bikecast.forecaster import Forecast, Forecaster, SeasonalNaive
from bikecast.names import PredictionSource
from bikecast.registry.manifest import Artifact, ChampionManifest
from bikecast.storage import ObjectStore

NAIVE_NAME = "seasonal-naive"


@dataclass(frozen=True)
class Question:
    """Hours to predict, with their weather."""

    hours: NDArray[np.datetime64]
    weather: Mapping[str, NDArray[np.float64]]

    @property
    def n_rows(self) -> int:
        """How many numbers an answer has."""
        return self.hours.size


@dataclass(frozen=True)
class FeatureQuestion:
    """Rows of the model's own features.

    ``find_hours`` returns the nearest hours, for the profile that knows nothing else; no model asks.
    """

    features: NDArray[np.float32]
    find_hours: Callable[[], NDArray[np.datetime64]]

    @property
    def n_rows(self) -> int:
        """How many numbers an answer has."""
        return len(self.features)

    @property
    def hours(self) -> NDArray[np.datetime64]:
        """The nearest hours."""
        return self.find_hours()


AnyQuestion = Question | FeatureQuestion


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
        """The version of the model, or that of the one that the profile came with."""
        ...

    def answer(self, question: AnyQuestion) -> Forecast:
        """Predict every row."""
        ...


@dataclass(frozen=True)
class ModelEngine:
    """A checked model; the champion, or the one before it."""

    source: PredictionSource
    manifest: ChampionManifest
    forecaster: Forecaster

    @property
    def name(self) -> str:
        return self.manifest.model_name

    @property
    def version(self) -> str:
        return self.manifest.version

    def answer(self, question: AnyQuestion) -> Forecast:
        if isinstance(question, FeatureQuestion):
            return self.forecaster.predict_features(question.features)
        return self.forecaster.predict(question.hours, question.weather)


@dataclass(frozen=True)
class NaiveEngine:
    """The published profile; ``version`` is that of the model it was published with."""

    version: str
    profile: SeasonalNaive
    source: PredictionSource = PredictionSource.SEASONAL_NAIVE
    name: str = NAIVE_NAME

    def answer(self, question: AnyQuestion) -> Forecast:
        return self.profile.predict(question.hours)


@dataclass(frozen=True)
class Loaders:
    """How engines come into memory; each raises ``ArtifactError`` for a file that fails its check."""

    model: Callable[[ObjectStore, ChampionManifest], Forecaster] = Forecaster.load
    profile: Callable[[ObjectStore, Artifact], SeasonalNaive] = SeasonalNaive.load

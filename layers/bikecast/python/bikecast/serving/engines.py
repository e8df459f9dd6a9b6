"""What can answer: models and the seasonal profile, in order of preference."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bikecast.forecaster import Forecast, Forecaster, SeasonalNaive
from bikecast.manifest import Artifact, ChampionManifest
from bikecast.names import PredictionSource
from bikecast.storage import ObjectStore

NAIVE_NAME = "seasonal-naive"


@dataclass(frozen=True)
class Question:
    """Rows to predict, all of one kind.

    ``features`` is set where the caller brought the model's own features; ``hours`` then are
    the nearest ones, for the profile that knows nothing else.
    """

    hours: NDArray[np.datetime64]
    weather: Mapping[str, NDArray[np.float64]]
    features: NDArray[np.float32] | None = None


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

    def answer(self, question: Question) -> Forecast:
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

    def answer(self, question: Question) -> Forecast:
        if question.features is not None:
            return self.forecaster.predict_features(question.features)
        return self.forecaster.predict(question.hours, question.weather)


@dataclass(frozen=True)
class NaiveEngine:
    """The published profile; ``version`` is that of the model it was published with."""

    version: str
    profile: SeasonalNaive
    source: PredictionSource = PredictionSource.SEASONAL_NAIVE
    name: str = NAIVE_NAME

    def answer(self, question: Question) -> Forecast:
        return self.profile.predict(question.hours)


@dataclass(frozen=True)
class Loaders:
    """How engines come into memory; each raises ``ArtifactError`` for a file that fails its check."""

    model: Callable[[ObjectStore, ChampionManifest], Forecaster] = Forecaster.load
    profile: Callable[[ObjectStore, Artifact], SeasonalNaive] = SeasonalNaive.load

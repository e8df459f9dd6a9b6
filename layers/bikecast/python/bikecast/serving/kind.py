"""The parts of a use case's predictor: how its engines load, its routes, and a first input."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bikecast.serving.champion.engines import Loaders, PredictionInput
from bikecast.serving.champion.follower import ChampionFollower
from bikecast.serving.champion.predictor import PredictionAnswer
from bikecast.serving.log.prediction_log import PredictionLog
from bikecast.storage import ObjectStore

if TYPE_CHECKING:
    from fastapi import FastAPI


class Observer(Protocol):
    """Hears of every answer."""

    def answered(self, answer: PredictionAnswer, *, rows: int, latency_ms: float) -> None:
        """Count an answer."""
        ...


@dataclass(frozen=True)
class ServingPorts:
    """What a predictor needs of the world.

    Attributes:
        store: The use case's part of the serving bucket.
        follower: Knows who answers.
        log: Where answered rows go.
        observer: Hears of every answer.
    """

    store: ObjectStore
    follower: ChampionFollower
    log: PredictionLog
    observer: Observer


@dataclass(frozen=True)
class ServingKind:
    """How one use case is served.

    Attributes:
        loaders: How its engines come into memory.
        build: Makes the application from ports, code version and the origins of pages that may call it.
        first_input: Answered once at the start, so that the first request finds everything in memory.
    """

    loaders: Loaders
    build: "Callable[[ServingPorts, str, Collection[str]], FastAPI]"
    first_input: PredictionInput

"""From rows to answered rows: the best engine that gives finite numbers answers all of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from bikecast.errors import ArtifactError
from bikecast.forecaster import Forecast
from bikecast.serving.engines import AnyQuestion, Engine
from bikecast.serving.follower import UnavailableError
from bikecast.serving.lineup import Attempts


@dataclass(frozen=True)
class Answer:
    """Numbers and who gave them; ``problem`` says why it was not the best engine."""

    engine: Engine
    forecast: Forecast
    problem: str | None


def answer(engines: Iterable[Engine], question: AnyQuestion) -> Answer:
    """Predict every row by the first engine that can.

    Args:
        engines: Best first.
        question: Checked rows.
    Raises:
        UnavailableError: None gives one finite number a row.
    """
    attempts = Attempts()
    for engine in engines:
        forecast = attempts.run(f"{engine.source} {engine.version}", partial(_finite, engine, question))
        if forecast is not None:
            return Answer(engine, forecast, attempts.problem)
    raise UnavailableError(f"no engine gives finite numbers: {attempts.problem}")


def _finite(engine: Engine, question: AnyQuestion) -> Forecast:
    forecast = engine.answer(question)
    for numbers in (forecast.values, forecast.low, forecast.high):
        if numbers.shape != (question.n_rows,) or not np.isfinite(numbers).all():
            raise ArtifactError("it does not give one finite number a row")
    return forecast

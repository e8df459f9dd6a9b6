"""From rows to answered rows: the best engine that gives finite numbers answers all of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from bikecast.errors import ArtifactError
from bikecast.evaluation.outcome import Outcome
from bikecast.serving.champion.engines import Engine, PredictionInput
from bikecast.serving.champion.fallback_chain import Attempts
from bikecast.serving.champion.follower import UnavailableError


@dataclass(frozen=True)
class PredictionAnswer:
    """Numbers and who gave them; ``problem`` says why it was not the best engine."""

    engine: Engine
    outcome: Outcome
    problem: str | None


def answer(engines: Iterable[Engine], inputs: PredictionInput) -> PredictionAnswer:
    """Predict every row by the first engine that can.

    Args:
        engines: Best first.
        inputs: Checked rows.
    Raises:
        UnavailableError: None gives one finite number a row.
    """
    attempts = Attempts()
    for engine in engines:
        outcome = attempts.run(f"{engine.source} {engine.version}", partial(_finite, engine, inputs))
        if outcome is not None:
            return PredictionAnswer(engine, outcome, attempts.problem)
    raise UnavailableError(f"no engine gives finite numbers: {attempts.problem}")


def _finite(engine: Engine, inputs: PredictionInput) -> Outcome:
    outcome = engine.answer(inputs)
    for numbers in (outcome.values, outcome.low, outcome.high, outcome.probabilities):
        if numbers is not None and (len(numbers) != inputs.n_rows or not np.isfinite(numbers).all()):
            raise ArtifactError("it does not give finite numbers for each row")
    return outcome

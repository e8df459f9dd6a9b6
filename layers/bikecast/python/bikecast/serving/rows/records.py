"""Answers as response bodies and as records of the prediction log."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from bikecast.serving.champion.predictor import PredictionAnswer
from bikecast.serving.log.prediction_log import PredictionRow
from bikecast.use_case import Classification, UseCase
from bikecast.use_case.rows import row_key

SHOWN_DIGITS = 4


@dataclass(frozen=True)
class RequestMetadata:
    """When and for whom predictions were made."""

    request_id: str
    requested_at: dt.datetime
    latency_ms: float


def shown(
    use_case: UseCase, answer: PredictionAnswer, *, unknown: Mapping[str, Collection[int]]
) -> list[dict[str, Any]]:
    """Return the rows of the response; ``unknown`` has, by input, the rows whose level nobody declared."""
    engine = answer.engine
    who = {"model": engine.name, "model_version": engine.version, "source": engine.source.value}
    return [
        {**row, "unknown_levels": [name for name, rows in unknown.items() if index in rows], **who}
        for index, row in enumerate(_outcomes(use_case, answer))
    ]


def _outcomes(use_case: UseCase, answer: PredictionAnswer) -> Iterator[dict[str, Any]]:
    outcome = answer.outcome
    if not isinstance(use_case.task, Classification):
        bounds = [None] * len(outcome) if outcome.low is None else outcome.low.round(SHOWN_DIGITS).tolist()
        upper = [None] * len(outcome) if outcome.high is None else outcome.high.round(SHOWN_DIGITS).tolist()
        values = outcome.values.round(SHOWN_DIGITS).tolist()
        for value, low, high in zip(values, bounds, upper, strict=True):
            yield {"prediction": value, "low": low, "high": high}
        return
    classes = use_case.task.classes
    assert outcome.probabilities is not None
    sets = outcome.in_set if outcome.in_set is not None else [[False] * len(classes)] * len(outcome)
    rows = zip(outcome.values, outcome.probabilities.round(SHOWN_DIGITS), sets, strict=True)
    for value, probabilities, in_set in rows:
        yield {
            "prediction": classes[int(value)],
            "probabilities": dict(zip(classes, probabilities.tolist(), strict=True)),
            "prediction_set": [name for name, inside in zip(classes, in_set, strict=True) if inside],
        }


def logged(
    use_case: UseCase, answer: PredictionAnswer, rows: Sequence[BaseModel], *, request: RequestMetadata
) -> list[PredictionRow]:
    """Return the rows of the prediction log, each with the key by which its truth will find it."""
    outcome, engine = answer.outcome, answer.engine
    values = outcome.values.tolist()
    low = [None] * len(rows) if outcome.low is None else outcome.low.tolist()
    high = [None] * len(rows) if outcome.high is None else outcome.high.tolist()
    probabilities = None if outcome.probabilities is None else outcome.probabilities.tolist()
    return [
        PredictionRow(
            use_case=use_case.name,
            id=f"{request.request_id}-{index}",
            request_id=request.request_id,
            key=row_key([row.__dict__.get(name) for name in use_case.examples.key]),
            predicted_for=_time(use_case, row, request.requested_at),
            requested_at=request.requested_at.isoformat(),
            model_version=engine.version,
            source=engine.source.value,
            prediction=values[index],
            low=low[index],
            high=high[index],
            outcome=None if probabilities is None else {"probabilities": probabilities[index]},
            inputs={name: _plain(value) for name, value in row.__dict__.items() if value is not None},
            latency_ms=round(request.latency_ms, 3),
        )
        for index, row in enumerate(rows)
    ]


def _plain(value: Any) -> Any:
    return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else value


def _time(use_case: UseCase, row: BaseModel, requested_at: dt.datetime) -> str:
    """Return the row's own wall time, or that of the request where rows have none."""
    moment = row.__dict__.get(use_case.examples.time) if use_case.examples.time else None
    found: dt.datetime = moment or requested_at.astimezone(dt.UTC).replace(tzinfo=None)
    return found.isoformat(sep=" ")

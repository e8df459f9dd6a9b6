"""Answers as the response shows them and as the prediction log keeps them: plain rows, built once, fast."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bikecast.serving.champion.predictor import PredictionAnswer
from bikecast.serving.log.prediction_log import PredictionRow

DECIMALS = 1


@dataclass(frozen=True)
class RequestMetadata:
    """When and for whom a prediction was made."""

    request_id: str
    requested_at: dt.datetime
    latency_ms: float


def shown(answer: PredictionAnswer, dates: Sequence[dt.datetime | None]) -> list[dict[str, Any]]:
    """Return the rows of the response, as ``contract.Prediction`` has them; trips rounded to a tenth."""
    who = {"model": answer.engine.name}
    source = {"model_version": answer.engine.version, "source": answer.engine.source.value}
    return [
        {
            **who,
            "prediction": value,
            "date": _text(date),
            "low": low,
            "high": high,
            **source,
        }
        for date, value, low, high in zip(dates, *_columns(answer, decimals=DECIMALS), strict=True)
    ]


def logged(
    answer: PredictionAnswer,
    hours: Sequence[dt.datetime | None],
    inputs: Sequence[dict[str, Any]],
    *,
    metadata: RequestMetadata,
) -> list[PredictionRow]:
    """Return the rows of the prediction log; a row without an hour is never joined with actual demand."""
    requested_at, latency_ms = metadata.requested_at.isoformat(), round(metadata.latency_ms, 3)
    version, source = answer.engine.version, answer.engine.source.value
    return [
        PredictionRow(
            use_case="citibike",
            id=f"{metadata.request_id}-{index}",
            request_id=metadata.request_id,
            key=_text(hour),
            predicted_for=_text(hour),
            requested_at=requested_at,
            model_version=version,
            source=source,
            prediction=value,
            low=low,
            high=high,
            outcome=None,
            inputs=row,
            latency_ms=latency_ms,
        )
        for index, (hour, row, value, low, high) in enumerate(
            zip(hours, inputs, *_columns(answer), strict=True)
        )
    ]


def _columns(answer: PredictionAnswer, *, decimals: int | None = None) -> Iterator[list[float]]:
    outcome = answer.outcome
    for column in (outcome.values, outcome.low, outcome.high):
        assert column is not None  # hourly demand always has an interval
        yield (column if decimals is None else column.round(decimals)).tolist()


def _text(hour: dt.datetime | None) -> str | None:
    return None if hour is None else str(hour)  # 2025-01-02 08:00:00

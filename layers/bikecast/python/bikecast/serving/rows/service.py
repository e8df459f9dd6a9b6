"""Answers rows of one declared use case: the best engine at hand, shown, counted and logged."""

import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from bikecast.serving.champion.follower import ChampionFollower
from bikecast.serving.champion.predictor import answer
from bikecast.serving.kind import Observer
from bikecast.serving.log.prediction_log import PredictionLog
from bikecast.serving.rows.engines import RowsInput
from bikecast.serving.rows.records import RequestMetadata, logged, shown
from bikecast.use_case import UseCase
from bikecast.use_case.rows import columns_of_rows, row_model


@dataclass(frozen=True)
class RowService:
    """Predictions of one use case; ``now`` is an aware clock."""

    use_case: UseCase
    follower: ChampionFollower
    log: PredictionLog
    observer: Observer
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)

    @cached_property
    def row(self) -> type[BaseModel]:
        """The request model of one row."""
        return row_model(self.use_case)

    def predict(self, rows: Sequence[BaseModel], *, request: str) -> list[dict[str, Any]]:
        """Answer checked rows, in their order.

        Args:
            rows: Of ``self.row``.
            request: The id of the request.
        Raises:
            UnavailableError: Nothing can answer.
        """
        started_s = time.perf_counter()
        asked = columns_of_rows(self.use_case, rows)
        answered = answer(self.follower.view().engines, RowsInput(asked.columns, len(rows)))
        predictions = shown(self.use_case, answered, unknown=asked.unknown)
        latency_ms = (time.perf_counter() - started_s) * 1000
        self.observer.answered(answered, rows=len(predictions), latency_ms=latency_ms)
        about = RequestMetadata(request, self.now(), latency_ms)
        self.log.record(lambda: logged(self.use_case, answered, rows, request=about))
        return predictions

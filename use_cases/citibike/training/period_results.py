"""Predictions of whole periods in the data bucket: a file a version, and which was the last good one."""

import datetime as dt
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bikecast.errors import DataError
from bikecast.names import Prefix
from bikecast.storage import MissingObjectError, ObjectStore
from training_job.runtime.training_sets import frame_bytes

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PeriodResults:
    """Where the predictions of one period are kept; ``start`` and ``end`` inclusive."""

    store: ObjectStore
    start: dt.date
    end: dt.date

    @property
    def _folder(self) -> str:
        return f"{Prefix.PREDICTIONS}{self.start}_{self.end}/"

    @property
    def _pointer(self) -> str:
        return f"{self._folder}latest.json"

    def keep(self, predictions: pd.DataFrame, *, version: str) -> Mapping[str, Any]:
        """Write a version's predictions, then name them the last good ones, and return what to tell."""
        key = f"{self._folder}{version}.parquet"
        self.store.write(key, frame_bytes(predictions.assign(model_version=version)))
        told = {"n_predictions": len(predictions), "model_version": version, "key": key}
        self.store.write(self._pointer, json.dumps(told).encode())
        return {**told, "problem": None}

    def last_good(self, problem: DataError) -> Mapping[str, Any]:
        """Return the last good result, saying why it stands in.

        Raises:
            DataError: The problem itself, where there is no earlier result.
        """
        try:
            told = json.loads(self.store.read(self._pointer).body)
        except MissingObjectError:
            raise problem from None
        log.warning("an earlier result stands in", extra={"key": told["key"], "problem": str(problem)})
        return {**told, "problem": f"the last good result stands in: {problem}"}

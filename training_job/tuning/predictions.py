"""Stored predictions: of each trial on its folds, and the challenger's out-of-fold ones."""

import io

import numpy as np
import pandas as pd

from bikecast.arrays import Array, Hours
from bikecast.names import evaluation_prefix
from bikecast.storage import ObjectStore
from training_job.runtime.training_sets import read_frame, write_frame


def array_bytes(values: Array) -> bytes:
    """Return an array as a file of numpy's, without pickles."""
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=False)
    return buffer.getvalue()


class TrialPredictions:
    """Rolling-origin predictions of each trial, so that nobody needs to fit the best ones again."""

    def __init__(self, store: ObjectStore, execution: str) -> None:
        self._store, self._execution = store, execution

    def write(self, trial: int, predicted: Array) -> None:
        """Keep a trial's predictions."""
        self._store.write(self._key(trial), array_bytes(predicted))

    def read(self, trial: int) -> Array:
        """Return a trial's predictions; ``MissingObjectError`` if it was not kept."""
        body = self._store.read(self._key(trial)).body
        predicted: Array = np.load(io.BytesIO(body), allow_pickle=False)
        return predicted

    def _key(self, trial: int) -> str:
        return f"trials/{self._execution}/{trial}.npy"


def write_out_of_fold(store: ObjectStore, execution: str, *, hours: Hours, predicted: Array) -> None:
    """Keep what the challenger's kind of model says of training hours that it was not fitted on."""
    write_frame(
        store, _out_of_fold_key(execution), pd.DataFrame({"timestamp": hours, "prediction": predicted})
    )


def read_out_of_fold(store: ObjectStore, execution: str) -> tuple[Hours, Array]:
    """Return what ``write_out_of_fold`` kept."""
    frame = read_frame(store, _out_of_fold_key(execution))
    hours = frame["timestamp"].to_numpy(dtype="datetime64[s]")
    return hours, frame["prediction"].to_numpy(dtype=np.float64)


def _out_of_fold_key(execution: str) -> str:
    return f"{evaluation_prefix(execution)}left_out.parquet"

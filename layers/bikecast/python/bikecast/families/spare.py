"""A model with a spare: where optional weather is missing, one answers that learned to do without it.

A tree that never met a missing rain value sends it down an arbitrary branch: on the real data the RMSE
of such a model grew from 900 to 2,500 when only TMAX, TMIN and SNOW were given. One model for both cases
costs up to 5 % where all weather is known; a spare costs nothing there, and answers at 1,040.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bikecast.arrays import Array, Mask, Matrix
from bikecast.families.base import Fitted
from bikecast.features import FEATURE_NAMES

if TYPE_CHECKING:
    import onnx

HIDDEN = ("PRCP", "AWND", "SNWD")
HIDDEN_COLUMNS = [FEATURE_NAMES.index(name) for name in HIDDEN]
_DAY_COLUMNS = [FEATURE_NAMES.index(name) for name in ("doy_sin", "doy_cos", "TMAX", "TMIN", "TAVG")]


def with_hidden_weather(features: Matrix, actual: Array, *, seed: int) -> tuple[Matrix, Array]:
    """Append a copy of all rows in which whole days lack some optional weather, half of them all of it."""
    _, day = np.unique(features[:, _DAY_COLUMNS], axis=0, return_inverse=True)
    hidden = _draw(int(day.max()) + 1, seed=seed)[day]
    copy = features.copy()
    copy[:, HIDDEN_COLUMNS] = np.where(hidden, np.float32(np.nan), copy[:, HIDDEN_COLUMNS])
    return np.vstack([features, copy]), np.concatenate([actual, actual])


def _draw(n_days: int, *, seed: int) -> Mask:
    generator = np.random.default_rng(seed)
    everything = generator.random((n_days, 1)) < 0.5
    some: Mask = generator.random((n_days, len(HIDDEN))) < 0.5
    return everything | some


@dataclass(frozen=True)
class WithSpare:
    """``full`` answers where all optional weather is given, ``spare`` elsewhere."""

    full: Fitted
    spare: Fitted

    def predict(self, features: Matrix) -> Array:
        lacking = np.isnan(features[:, HIDDEN_COLUMNS]).any(axis=1)
        result = np.empty(features.shape[0])
        for member, rows in ((self.full, ~lacking), (self.spare, lacking)):
            if rows.any():
                result[rows] = member.predict(features[rows])
        return result

    def importance(self) -> dict[str, float]:
        return self.full.importance()

    def to_onnx(self) -> "onnx.ModelProto":
        from bikecast.families.graphs import either

        return either(self.full.to_onnx(), self.spare.to_onnx(), unless_missing=HIDDEN_COLUMNS)

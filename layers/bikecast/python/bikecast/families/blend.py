"""The mean of several fitted models: one model, one graph."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.families.base import Fitted
from bikecast.forecaster import FEWEST_TRIPS  # the floor that serving applies

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True)
class Blend:
    """Members by name; each counts the same, because weights fitted on a year of days overfit.

    A member that says less than nothing on a cold rainy night is raised to the floor before it counts, as it
    is when the search judges it: or it would pull the others down to where no relative error makes sense.
    """

    members: dict[str, Fitted]

    def predict(self, features: Matrix) -> Array:
        raised = [np.maximum(member.predict(features), FEWEST_TRIPS) for member in self.members.values()]
        mean: Array = np.mean(raised, axis=0)
        return mean

    def importance(self) -> dict[str, float]:
        parts = [member.importance() for member in self.members.values()]
        return {name: float(np.mean([part[name] for part in parts])) for name in parts[0]}

    def to_onnx(self) -> "onnx.ModelProto":
        from bikecast.families.graphs import mean_of

        return mean_of([member.to_onnx() for member in self.members.values()], floor=FEWEST_TRIPS)

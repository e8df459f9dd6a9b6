"""The mean of several fitted models: one model, one graph."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.families.base import Fitted

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True)
class Blend:
    """Members by name; each counts the same, because weights fitted on one validation window overfit.

    Numbers are averaged, or the probabilities of classes. With a ``floor``, a member that predicts less is
    raised to it before it counts, as it is when the search judges it: or it would pull the others down to
    where no relative error makes sense.
    """

    members: dict[str, Fitted]
    floor: float | None = None

    def predict(self, features: Matrix) -> Array:
        parts = [member.predict(features) for member in self.members.values()]
        if self.floor is not None:
            parts = [np.maximum(part, self.floor) for part in parts]
        mean: Array = np.mean(parts, axis=0)
        return mean

    def importance(self) -> dict[str, float]:
        parts = [member.importance() for member in self.members.values()]
        return {name: float(np.mean([part[name] for part in parts])) for name in parts[0]}

    def to_onnx(self) -> "onnx.ModelProto":
        from bikecast.families.graphs import mean_of

        return mean_of([member.to_onnx() for member in self.members.values()], floor=self.floor)

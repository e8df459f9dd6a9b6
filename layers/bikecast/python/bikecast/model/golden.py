"""Golden rows: features and the raw output that they must give, checked whenever a graph is loaded."""

from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from bikecast.arrays import Array, Matrix
from bikecast.errors import ArtifactError
from bikecast.model.graph import OnnxGraph

TOLERANCE = 1e-4
GOLDEN_ROWS = 48
Cells = list[list[float | None]]


class GoldenRows(BaseModel):
    """Feature rows and what the graph must make of them; null stands for NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: Cells
    outputs: list[list[float]]

    @classmethod
    def of(cls, graph: OnnxGraph, features: Matrix) -> Self:
        """Return rows spread over ``features`` with the graph's own output."""
        chosen = np.linspace(0, len(features) - 1, min(GOLDEN_ROWS, len(features))).astype(int)
        rows = features[chosen]
        outputs = graph.run(rows).reshape(len(rows), -1)
        cells: Cells = [[None if np.isnan(cell) else float(cell) for cell in row] for row in rows.tolist()]
        return cls(rows=cells, outputs=outputs.tolist())

    def check(self, graph: OnnxGraph) -> None:
        """Raise ``ArtifactError`` unless the graph reproduces its outputs within 0.01 %."""
        rows = np.asarray(
            [[np.nan if cell is None else cell for cell in row] for row in self.rows], dtype=np.float32
        )
        got = graph.run(rows).reshape(len(rows), -1)
        worst = largest_difference(got, np.asarray(self.outputs))
        if not worst <= TOLERANCE:
            raise ArtifactError(
                f"the model does not reproduce its golden rows: they differ by {worst:.2g} of their size"
            )


def largest_difference(got: Array, wanted: Array) -> float:
    """Return the largest difference as a share of the value, or of 1 % of the mean for smaller ones."""
    if got.shape != wanted.shape:
        return float("inf")
    if not got.size:
        return 0.0
    smallest = max(0.01 * float(np.abs(wanted).mean()), 1e-9)
    worst = np.max(np.abs(got - wanted) / np.maximum(np.abs(wanted), smallest))
    return float(worst) if np.isfinite(worst) else float("inf")

"""The model of a declared use case as it is served."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from bikecast.arrays import Array
from bikecast.columns import Columns
from bikecast.errors import ArtifactError
from bikecast.evaluation.after_model import State
from bikecast.evaluation.outcome import Outcome
from bikecast.evaluation.sample import Sample
from bikecast.model.golden import GoldenRows
from bikecast.model.graph import OnnxGraph
from bikecast.use_case import Classification, UseCase
from bikecast.use_case.inputs import Features

INTERVAL_TAILS = (0.05, 0.95)


@dataclass(frozen=True)
class RowModel:
    """A checked graph with its features and what is done after it.

    Example:
        >>> model = RowModel.checked(use_case, graph=graph, golden=golden, after_model=state)
        >>> model.predict({"Age": ages, "Height": heights, ...}).values
    """

    graph: OnnxGraph
    features: Features
    state: State

    @classmethod
    def checked(
        cls,
        use_case: UseCase,
        *,
        graph: bytes,
        golden: bytes,
        after_model: Mapping[str, Any],
        features: tuple[str, ...],
    ) -> Self:
        """Put a model together and check it.

        Raises:
            ArtifactError: It was trained on other features, does not reproduce its golden rows, or what is
                done after it cannot be read.
        """
        if features != use_case.features.names:
            differing = sorted(set(features) ^ set(use_case.features.names)) or "their order"
            raise ArtifactError(f"the model has other features than this code: {differing}")
        loaded = OnnxGraph(graph)
        _golden(golden).check(loaded)
        return cls(loaded, use_case.features, use_case.after_model.read(after_model))

    def predict(self, columns: Columns) -> Outcome:
        """Answer rows of inputs.

        Raises:
            FeatureError: A needed input is missing.
        """
        return self.state.outcome(columns, self.graph.run(self.features.build(columns)))


def _golden(body: bytes) -> GoldenRows:
    try:
        return GoldenRows.model_validate_json(body)
    except ValidationError as err:
        raise ArtifactError(f"the golden rows cannot be read: {err}") from err


class Fallback(BaseModel):
    """What answers when no model can: the same for every row, and said to be that in every answer.

    ``values`` is the median of the training rows with its tails, or the share of each class.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    is_number: bool
    values: tuple[float, ...]

    @classmethod
    def of(cls, use_case: UseCase, train: Sample) -> Self:
        """Learn from the training rows."""
        if isinstance(use_case.task, Classification):
            counts = np.bincount(train.target.astype(np.int64), minlength=len(use_case.task.classes))
            return cls(is_number=False, values=tuple((counts / counts.sum()).tolist()))
        low, high = INTERVAL_TAILS
        found = np.quantile(train.target, [0.5, low, high])
        return cls(is_number=True, values=tuple(found.tolist()))

    def predict(self, n_rows: int) -> Outcome:
        """Answer so many rows."""
        if self.is_number:
            value, low, high = (np.full(n_rows, value) for value in self.values)
            return Outcome(value, low, high)
        shares: Array = np.tile(np.asarray(self.values), (n_rows, 1))
        return Outcome(
            np.full(n_rows, float(np.argmax(self.values))),
            probabilities=shares,
            in_set=np.ones(shares.shape, dtype=bool),
        )

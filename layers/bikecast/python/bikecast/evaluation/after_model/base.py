"""What every kind offers, and the checks of raw output that they share."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from bikecast.arrays import Array
from bikecast.columns import Columns
from bikecast.errors import ArtifactError
from bikecast.evaluation.metrics import Metric
from bikecast.evaluation.outcome import Outcome
from bikecast.evaluation.sample import Sample
from bikecast.task import Task


class State(Protocol):
    """What was learnt: a frozen pydantic model, stored as JSON with a ``kind``."""

    @property
    def kind(self) -> str:
        """Names the model that reads it."""
        ...

    @property
    def coverage(self) -> float | None:
        """What intervals or prediction sets claim to hold, None where there are none."""
        ...

    def outcome(self, rows: Sample | Columns, raw: Array) -> Outcome:
        """Turn a model's raw output for these rows into answers.

        Raises:
            ArtifactError: The output has another shape than that which was learnt from, or is not finite.
        """
        ...

    def model_dump(self, *, mode: str = ...) -> dict[str, Any]:
        """Return what is stored, with ``mode="json"``."""
        ...


class AfterModel(Protocol):
    """What a use case declares."""

    def learn(self, sample: Sample, raw: Array, *, task: Task, metric: Metric) -> State:
        """Learn from raw output for rows that the model was not fitted on; never from the holdout.

        Args:
            sample: The rows.
            raw: A finite output for each of them.
            task: What is predicted.
            metric: The primary one.
        Raises:
            JudgementError: There is too little to learn from.
            ArtifactError: The output is not finite, or not of the task.
        """
        ...

    def read(self, stored: Mapping[str, Any]) -> State:
        """Read what was stored.

        Raises:
            ArtifactError: It is not what this kind stores.
        """
        ...


class StoredState(BaseModel):
    """Base of the states here."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Stored = TypeVar("Stored", bound=BaseModel)


def read_state(model: type[Stored], stored: Mapping[str, Any]) -> Stored:
    """Read a state; ``ArtifactError`` names the problem."""
    try:
        return model.model_validate(stored)
    except ValidationError as err:
        raise ArtifactError(f"what is done after the model cannot be read: {err}") from err


def numbers(raw: Array) -> Array:
    """Return raw output of a regression; ``ArtifactError`` if it is not that."""
    if raw.ndim != 1 or not np.isfinite(raw).all():
        raise ArtifactError(f"the model must give one finite number for each row, but gave shape {raw.shape}")
    return raw


def probabilities(raw: Array, *, n_classes: int) -> Array:
    """Return raw output of a classification; ``ArtifactError`` if it is not that."""
    if raw.ndim != 2 or raw.shape[1] != n_classes or not np.isfinite(raw).all():
        raise ArtifactError(
            f"the model must give {n_classes} finite probabilities for each row, but gave shape {raw.shape}"
        )
    return raw


def most_likely(probabilities: Array) -> Array:
    """Return the index of each row's most likely class."""
    index: Array = probabilities.argmax(axis=1).astype(np.float64)
    return index

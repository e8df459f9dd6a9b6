"""The model registry as the steps need it: versions, their tags and aliases, and the runs behind them.

People may change it at any time: a version, an alias, a model or a run that somebody deleted is an ordinary
state here. Any other error of the registry is an error.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import pandas as pd

from bikecast.arrays import Matrix
from bikecast.database import DatabaseSettings
from bikecast.storage import ObjectStore


class RegistryContext(Protocol):
    """The parts of a step's context that the registry needs."""

    @property
    def database(self) -> DatabaseSettings:
        """Where MLflow's tables are."""
        ...

    @property
    def artifacts(self) -> ObjectStore:
        """Where a new experiment keeps its artifacts."""
        ...


@dataclass(frozen=True)
class RegisteredVersion:
    """One version of a registered model."""

    version: str
    run_id: str
    created_at: dt.datetime
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ServedModel:
    """What is registered of a challenger: the graph that would serve, and what turns its output into answers.

    Attributes:
        example: Rows of features.
        training_set: What it learned from: its address and hash.
        floor: No number is lower.
        bias_correction: Numbers are multiplied by it; None where nothing follows recent truth.
        classes: Names of the columns of probabilities; empty for numbers.
    """

    graph: bytes
    example: Matrix
    feature_names: tuple[str, ...]
    optional_features: tuple[str, ...]
    training_set: tuple[str, str]
    floor: float | None = None
    bias_correction: float | None = None
    classes: tuple[str, ...] = ()

    def example_frame(self) -> pd.DataFrame:
        """Return the example as a caller would write it."""
        return pd.DataFrame(self.example.astype(float), columns=list(self.feature_names))


class Registry(Protocol):
    """Registered models by name; MLflow and the fake of the tests fulfil it alike."""

    def versions(self, name: str) -> list[RegisteredVersion]:
        """Return every version, the newest first; none if there is no such model."""
        ...

    def aliases(self, name: str) -> dict[str, str]:
        """Return versions by alias; none if there is no such model."""
        ...

    def register(self, name: str, *, run_id: str, model: ServedModel, tags: Mapping[str, Any]) -> str:
        """Register a model under the next version of a name; a model or a run that is gone is made anew."""
        ...

    def tag(self, name: str, version: str, tags: Mapping[str, Any]) -> None:
        """Set tags; ``NotFoundError`` if there is no such version."""
        ...

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Point an alias to a version; ``NotFoundError`` if there is no such version."""
        ...

    def delete_alias(self, name: str, alias: str) -> None:
        """Take an alias away; an absent one is not an error."""
        ...

    def log_scores(self, name: str, version: str, *, run_id: str, scores: Mapping[str, float]) -> None:
        """Log the holdout's scores to the run and the model; what is gone is left out."""
        ...

    def log_file(self, run_id: str, *, name: str, body: bytes) -> None:
        """Log bytes as a file of the run; nothing if it is gone."""
        ...

    def finish_run(self, run_id: str) -> None:
        """Mark the run as finished; nothing if it is gone."""
        ...

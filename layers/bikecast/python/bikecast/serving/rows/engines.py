"""Engines of declared use cases: their models, and the fallback that needs none."""

from dataclasses import dataclass
from functools import partial

from pydantic import ValidationError

from bikecast.columns import Columns
from bikecast.errors import ArtifactError
from bikecast.evaluation.outcome import Outcome
from bikecast.model.rows import Fallback, RowModel
from bikecast.names import PredictionSource
from bikecast.registry.artifacts import fetch
from bikecast.registry.manifest import Artifact, ChampionManifest
from bikecast.serving.champion.engines import Loaders
from bikecast.storage import ObjectStore
from bikecast.use_case import UseCase


@dataclass(frozen=True)
class RowsInput:
    """Checked rows as columns."""

    columns: Columns
    n_rows: int


@dataclass(frozen=True)
class RowAnswerer:
    """A loaded model behind the call that every engine has."""

    model: RowModel

    def answer(self, inputs: RowsInput) -> Outcome:
        """Predict every row."""
        return self.model.predict(inputs.columns)


@dataclass(frozen=True)
class FallbackAnswerer:
    """The published fallback behind the same call."""

    fallback: Fallback

    def answer(self, inputs: RowsInput) -> Outcome:
        """Answer every row alike."""
        return self.fallback.predict(inputs.n_rows)


def loaders(use_case: UseCase) -> Loaders:
    """Return how this use case's engines come into memory."""
    return Loaders(
        model=partial(load_model, use_case),
        fallback=load_fallback,
        fallback_source=PredictionSource.BASELINE,
        fallback_name="baseline",
    )


def load_model(use_case: UseCase, store: ObjectStore, manifest: ChampionManifest) -> RowAnswerer:
    """Return a model as the predictor's engines hold it; raises as ``load_row_model`` does."""
    return RowAnswerer(load_row_model(use_case, store, manifest))


def load_row_model(use_case: UseCase, store: ObjectStore, manifest: ChampionManifest) -> RowModel:
    """Fetch and check what the manifest names.

    Raises:
        ArtifactError: A file is missing, damaged, or of another use case or code.
    """
    if manifest.use_case != use_case.name:
        raise ArtifactError(f"version {manifest.version} is of use case {manifest.use_case}")
    return RowModel.checked(
        use_case,
        graph=fetch(store, manifest.model),
        golden=fetch(store, manifest.golden),
        after_model=manifest.after_model or {},
        features=manifest.features,
    )


def load_fallback(store: ObjectStore, artifact: Artifact) -> FallbackAnswerer:
    """Fetch and check the fallback; ``ArtifactError`` if it is missing or damaged."""
    try:
        return FallbackAnswerer(Fallback.model_validate_json(fetch(store, artifact)))
    except ValidationError as err:
        raise ArtifactError(f"{store.uri(artifact.key)} is not a fallback: {err}") from err

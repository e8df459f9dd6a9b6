"""The champion of a declared use case for the monitor: model, scored training sample, limits."""

import io
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from bikecast.errors import ArtifactError, DataError, DeploymentError
from bikecast.model.rows import RowModel
from bikecast.monitoring.limits.limits import RowLimits
from bikecast.monitoring.rows.limits import learn_row_limits
from bikecast.monitoring.rows.table import scored_rows
from bikecast.monitoring.rows.watch import RowsChampion
from bikecast.monitoring.scored import ScoredRows
from bikecast.monitoring.watch import Ports
from bikecast.monitoring.windows import Window
from bikecast.registry.artifacts import fetch
from bikecast.registry.champion_store import ChampionStore
from bikecast.registry.manifest import Artifact, ChampionManifest
from bikecast.storage import ObjectStore
from bikecast.use_case import UseCase

if TYPE_CHECKING:
    pass

TIMESTAMP = "timestamp"


def load_rows_champion(use_case: UseCase, ports: Ports) -> RowsChampion:
    """Load the champion as it serves now.

    Raises:
        DeploymentError: There is no champion yet.
        ArtifactError: One of its files is missing or damaged.
        DataError: Its training sample is too small to learn limits from.
    """
    manifest = ChampionStore(ports.serving).read().manifest
    if manifest is None:
        raise DeploymentError("there is no champion to watch yet; train one first")
    reference = _reference(ports.serving, manifest, target=use_case.task.target)
    score = None
    if use_case.examples.time is not None:
        model = RowModel.checked(
            use_case,
            graph=fetch(ports.serving, manifest.model),
            golden=fetch(ports.serving, manifest.golden),
            after_model=manifest.after_model or {},
            features=manifest.features,
        )
        score = partial(_score, use_case, ports.data, model)
    return RowsChampion(
        version=manifest.version,
        published_at=manifest.published_at,
        reference=reference,
        limits=_limits(use_case, ports.serving, manifest, reference),
        score=score,
    )


def _limits(
    use_case: UseCase, store: ObjectStore, manifest: ChampionManifest, reference: ScoredRows
) -> RowLimits:
    if manifest.thresholds is None:
        return learn_row_limits(use_case, reference)
    try:
        return RowLimits.model_validate_json(fetch(store, manifest.thresholds))
    except ValidationError as err:
        raise ArtifactError(f"{store.uri(manifest.thresholds.key)} holds no limits: {err}") from err


def _reference(store: ObjectStore, manifest: ChampionManifest, *, target: str) -> ScoredRows:
    artifact: Artifact = manifest.reference
    body = fetch(store, artifact)
    try:
        return read_reference(body, target=target)
    except (KeyError, ValueError, OSError) as err:
        raise ArtifactError(f"{store.uri(artifact.key)} is not a scored training sample: {err}") from err


def reference_bytes(rows: ScoredRows) -> bytes:
    """Return scored rows as parquet."""
    import pandas as pd

    buffer = io.BytesIO()
    pd.DataFrame({TIMESTAMP: rows.timestamp, **rows.columns}).to_parquet(buffer, index=False)
    return buffer.getvalue()


def read_reference(body: bytes, *, target: str) -> ScoredRows:
    """Read what ``reference_bytes`` wrote."""
    import pandas as pd

    frame: pd.DataFrame = pd.read_parquet(io.BytesIO(body))
    columns = {name: frame[name].to_numpy(dtype=np.float64) for name in frame.columns if name != TIMESTAMP}
    return ScoredRows(frame[TIMESTAMP].to_numpy(dtype="datetime64[s]"), columns, target)


def _score(use_case: UseCase, store: ObjectStore, model: RowModel, window: Window) -> ScoredRows:
    """Put the model's answers beside the loaded rows of a window."""
    import datetime as dt

    from bikecast.examples import read_table, to_sample

    period = (window.start.date(), (window.end - dt.timedelta(days=1)).date())
    try:
        sample = to_sample(use_case, read_table(store, use_case, period=period))
    except DataError:
        nothing = np.empty(0, dtype="datetime64[s]")
        return ScoredRows(nothing, {}, use_case.task.target)
    assert sample.time is not None
    outcome = model.predict(sample.columns)
    return scored_rows(use_case, sample.time, sample.columns, outcome=outcome, target=sample.target)

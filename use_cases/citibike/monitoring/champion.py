"""The champion of hourly demand for the monitor: model, scored training window, limits."""

import io

from bikecast.drift import DriftLimits
from bikecast.errors import ArtifactError, DataError, DeploymentError
from bikecast.monitoring.limits.limits import read_thresholds
from bikecast.registry.artifacts import fetch
from bikecast.registry.champion_store import ChampionStore
from bikecast.registry.manifest import ChampionManifest
from bikecast.storage import ObjectStore
from use_cases.citibike.model.forecaster import Forecaster, level_of
from use_cases.citibike.monitoring.hours import ScoredHours
from use_cases.citibike.monitoring.limits import calibrate
from use_cases.citibike.monitoring.sources import Champion


def load_champion(store: ObjectStore, *, window_days: int = 7) -> Champion:
    """Load the champion as it serves now.

    Raises:
        DeploymentError: There is no champion yet.
        ArtifactError: Its manifest or one of its files is missing or damaged.
    """
    manifest = ChampionStore(store).read().manifest
    if manifest is None:
        raise DeploymentError("there is no champion to watch yet; train one first")
    history = read_history(store, manifest)
    return Champion(
        manifest=manifest,
        forecaster=Forecaster.load(store, manifest),
        history=history,
        thresholds=load_thresholds(store, manifest, history, window_days=window_days),
    )


def read_history(store: ObjectStore, manifest: ChampionManifest) -> ScoredHours:
    """Return the champion's training window as it was scored when it was published.

    Raises:
        ArtifactError: The file is missing, damaged or no table of scored hours.
    """
    import pandas as pd

    body = fetch(store, manifest.reference)
    try:
        hours = ScoredHours.from_frame(pd.read_parquet(io.BytesIO(body)))
    except (DataError, ValueError, OSError) as err:
        raise ArtifactError(f"{store.uri(manifest.reference.key)} is not a reference: {err}") from err
    return hours.with_factors(level_of(manifest).factors(hours.timestamp))


def load_thresholds(
    store: ObjectStore, manifest: ChampionManifest, history: ScoredHours, *, window_days: int
) -> DriftLimits:
    """Return the version's published thresholds, or learn them if windows of this length have none.

    Raises:
        ArtifactError: There are some and they cannot be read.
    """
    published = read_thresholds(store, manifest)
    if published is not None and published.window_days == window_days:
        return published
    return calibrate(history, window_days=window_days)

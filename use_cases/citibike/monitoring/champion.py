"""What the monitor needs of the champion: model, scored training window, thresholds."""

import io

from pydantic import ValidationError

from bikecast.drift import Thresholds
from bikecast.errors import ArtifactError, DataError, DeploymentError
from bikecast.forecaster import Forecaster, fetch
from bikecast.manifest import ChampionManifest
from bikecast.names import CHAMPION_KEY, thresholds_key
from bikecast.storage import MissingObjectError, ObjectStore
from use_cases.citibike.monitoring.hours import ScoredHours
from use_cases.citibike.monitoring.limits import calibrate
from use_cases.citibike.monitoring.sources import Champion


def load_champion(store: ObjectStore, *, window_days: int = 7) -> Champion:
    """Load the champion as it serves now.

    Raises:
        DeploymentError: There is no champion yet.
        ArtifactError: One of its files is missing or damaged.
    """
    try:
        manifest = ChampionManifest.model_validate_json(store.read(CHAMPION_KEY).body)
    except MissingObjectError as err:
        raise DeploymentError("there is no champion to watch yet; train one first") from err
    history = read_history(store, manifest)
    return Champion(
        manifest=manifest,
        forecaster=Forecaster.load(store, manifest),
        history=history,
        thresholds=load_thresholds(store, manifest.version, history, window_days=window_days),
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
        raise ArtifactError(f"{store.uri(manifest.reference.key)} is no reference: {err}") from err
    return hours.with_factors(manifest.level.factors(hours.timestamp))


def load_thresholds(
    store: ObjectStore, version: str, history: ScoredHours, *, window_days: int
) -> Thresholds:
    """Return the version's published thresholds, or learn them if windows of this length have none.

    Raises:
        ArtifactError: There are some and they cannot be read.
    """
    key = thresholds_key(version)
    try:
        published = Thresholds.model_validate_json(store.read(key).body)
    except MissingObjectError:
        return calibrate(history, window_days=window_days)
    except ValidationError as err:
        raise ArtifactError(f"{store.uri(key)} holds no thresholds: {err}") from err
    return published if published.window_days == window_days else calibrate(history, window_days=window_days)


def publish_thresholds(store: ObjectStore, version: str, history: ScoredHours) -> Thresholds:
    """Learn a version's thresholds for weekly windows and put them beside its model.

    Args:
        store: The serving bucket.
        version: Model version.
        history: The training window, scored by models that had not seen the scored hours.
    Raises:
        DataError: History is too short to learn from.
    """
    thresholds = calibrate(history)
    store.write(thresholds_key(version), thresholds.model_dump_json(indent=1).encode())
    return thresholds

"""What the monitor calls unusual for one model version, as it was published with it."""

from posixpath import dirname as parent

from pydantic import ValidationError

from bikecast.drift import Thresholds
from bikecast.errors import ArtifactError
from bikecast.registry.artifacts import fetch
from bikecast.registry.manifest import ChampionManifest
from bikecast.storage import MissingObjectError, ObjectStore


def read_thresholds(store: ObjectStore, manifest: ChampionManifest) -> Thresholds | None:
    """Return the thresholds that were published with a version, if any.

    Raises:
        ArtifactError: There are some and they cannot be read.
    """
    # Older code published them beside the model, without naming them in the manifest.
    key = manifest.thresholds.key if manifest.thresholds else f"{parent(manifest.model.key)}/thresholds.json"
    try:
        body = fetch(store, manifest.thresholds) if manifest.thresholds else store.read(key).body
        return Thresholds.model_validate_json(body)
    except MissingObjectError:
        return None
    except ValidationError as err:
        raise ArtifactError(f"{store.uri(key)} does not hold thresholds: {err}") from err

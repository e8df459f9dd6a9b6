"""Published limits of one model version."""

from posixpath import dirname as parent

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bikecast.drift import DriftLimits
from bikecast.errors import ArtifactError
from bikecast.registry.artifacts import fetch
from bikecast.registry.manifest import ChampionManifest
from bikecast.storage import MissingObjectError, ObjectStore


class RowLimits(BaseModel):
    """DriftLimits by rows a window."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    by_rows: dict[int, DriftLimits] = Field(min_length=1)

    @property
    def fewest_rows(self) -> int:
        """The smallest window that can be judged."""
        return min(self.by_rows)

    def of(self, n_rows: int) -> DriftLimits:
        """Return the thresholds of a window of so many rows; the smallest size's for a smaller one."""
        return self.by_rows[max((size for size in self.by_rows if size <= n_rows), default=self.fewest_rows)]


_PUBLISHED: TypeAdapter[DriftLimits | RowLimits] = TypeAdapter(DriftLimits | RowLimits)


def read_thresholds(store: ObjectStore, manifest: ChampionManifest) -> DriftLimits | None:
    """Return the thresholds that were published with a version, if any: of the smallest window if by size.

    Raises:
        ArtifactError: There are some and they cannot be read.
    """
    # Older code published them beside the model, without naming them in the manifest.
    key = manifest.thresholds.key if manifest.thresholds else f"{parent(manifest.model.key)}/thresholds.json"
    try:
        body = fetch(store, manifest.thresholds) if manifest.thresholds else store.read(key).body
        published = _PUBLISHED.validate_json(body)
        return published if isinstance(published, DriftLimits) else published.of(published.fewest_rows)
    except MissingObjectError:
        return None
    except ValidationError as err:
        raise ArtifactError(f"{store.uri(key)} does not hold thresholds: {err}") from err

"""The champion manifest: one small JSON, written last, that tells the predictor everything it serves.

Optional fields may be added without a new schema version: code that does not know them keeps them when it
writes the manifest again. A change that older code must not read past raises ``SCHEMA_VERSION``.
"""

import datetime as dt
import json
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bikecast.errors import ArtifactError
from bikecast.evaluation.scores import Scores
from bikecast.names import DEFAULT_USE_CASE

SCHEMA_VERSION = 1
Model = TypeVar("Model", bound=BaseModel)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")


class Artifact(_Part):
    """One file in the serving bucket, checked by size and hash before it is used."""

    key: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size_bytes: int = Field(gt=0)


class Previous(_Part):
    """The champion that this one replaced, for the fallback and for rollback."""

    version: str
    manifest_key: str


class Identity(_Part):
    """What tells one model version from all others: a deleted registry counts its versions anew."""

    model_name: str
    version: str
    run_id: str


class ChangeAction(StrEnum):
    """What made a version the champion, or left none."""

    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    RETIRED = "retired"


class Change(_Part):
    """One change of the champion; ``number`` counts all of them."""

    number: int = Field(0, ge=0)
    action: ChangeAction
    at: dt.datetime
    execution: str = Field(description="What made it; the decision record has the same name.")
    reason: str
    forced: bool = Field(False, description="A version that was never promoted was put there on purpose.")
    replaced: Identity | None = None


class ChampionManifest(_Part):
    """Everything that serving, monitoring and rollback need to know of one model version.

    Times are aware UTC, except ``Scores`` and the reference window, which are wall time of the data.
    ``level`` and ``interval`` of hourly demand, or ``after_model``, are what is done after the model, as the
    use case reads it.
    """

    schema_version: int = SCHEMA_VERSION
    use_case: str = DEFAULT_USE_CASE
    model_name: str
    version: str
    run_id: str
    published_at: dt.datetime
    code_version: str
    data_hash: str
    simulated: bool = Field(False, description="Learnt from simulated data.")
    features: tuple[str, ...]
    model: Artifact = Field(description="ONNX, float32 [n, n_features] to numbers or probabilities.")
    golden: Artifact = Field(description="JSON of feature rows and the predictions they must give.")
    profile: Artifact = Field(description="What answers when no model can.")
    reference: Artifact = Field(description="Parquet of the training rows, scored, for the monitor.")
    level: dict[str, Any] | None = None
    interval: dict[str, Any] | None = None
    after_model: dict[str, Any] | None = None
    parts: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Further models of the version, as the use case reads them."
    )
    holdout: Scores
    baselines: dict[str, Scores]
    thresholds: Artifact | None = Field(
        None, description="What the monitor calls unusual; beside the model where older code published it."
    )
    previous: Previous | None = None
    change: Change | None = Field(
        None, description="How it became the champion; absent before that and in what older code promoted."
    )
    decision_key: str

    @property
    def identity(self) -> Identity:
        """Name, version and run."""
        return Identity(model_name=self.model_name, version=self.version, run_id=self.run_id)

    @property
    def level_as_of(self) -> str | None:
        """The last day that corrected its bias, where hourly demand does."""
        days = (self.level or {}).get("days")
        return str(days[-1]) if days else None


class Retirement(_Part):
    """Stands in the champion's place after it was retired: nothing that served before may answer."""

    schema_version: int = SCHEMA_VERSION
    change: Change


State = ChampionManifest | Retirement


def parse_manifest(body: bytes, uri: str) -> ChampionManifest:
    """Return a version's manifest.

    Raises:
        ArtifactError: The bytes are none, or newer code wrote them.
    """
    return _parsed(ChampionManifest, body, uri)


def parse_champion(body: bytes, uri: str) -> State:
    """Return what stands in the champion's place.

    Raises:
        ArtifactError: The bytes are neither manifest nor retirement, or newer code wrote them.
    """
    change = _fields(body).get("change")
    is_retired = isinstance(change, dict) and change.get("action") == ChangeAction.RETIRED
    return _parsed(Retirement, body, uri) if is_retired else _parsed(ChampionManifest, body, uri)


def _parsed(model: type[Model], body: bytes, uri: str) -> Model:
    written_by = _fields(body).get("schema_version")
    if isinstance(written_by, int) and written_by > SCHEMA_VERSION:
        raise ArtifactError(
            f"{uri} was written by newer code: it has schema {written_by}, and this code reads up to "
            f"{SCHEMA_VERSION}; deploy that code again"
        )
    try:
        return model.model_validate_json(body)
    except ValidationError as err:
        problem = err.errors()[0]
        field = ".".join(str(part) for part in problem["loc"]) or "the file"
        raise ArtifactError(f"{uri} is not a champion manifest: {field}: {problem['msg']}") from err


def _fields(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def manifest_bytes(manifest: BaseModel) -> bytes:
    """Return a manifest or a retirement as it is stored."""
    return manifest.model_dump_json(indent=1).encode()

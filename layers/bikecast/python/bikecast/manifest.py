"""The champion manifest: one small JSON, written last, that tells the predictor everything it serves."""

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

from bikecast.intervals import IntervalCalibration
from bikecast.level import LevelState


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Artifact(_Part):
    """One file in the serving bucket, checked by size and hash before it is used."""

    key: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size_bytes: int = Field(gt=0)


class Scores(_Part):
    """Errors on one window, in trips per hour; shares as fractions.

    ``bias`` is sum(prediction - actual) / sum(actual); ``coverage`` the share of actuals inside the interval.
    """

    n_rows: int
    start: dt.datetime
    end: dt.datetime
    rmse: float
    mae: float
    wape: float
    r2: float
    bias: float
    coverage: float | None = None


class Previous(_Part):
    """The manifest that this one replaced, for plan B and rollback."""

    version: str
    manifest_key: str


class ChampionManifest(_Part):
    """Everything that serving, monitoring and rollback need to know of one model version.

    Times are aware UTC, except ``Scores`` and the reference window, which are New York wall time.
    """

    schema_version: int = 1
    model_name: str
    version: str
    run_id: str
    published_at: dt.datetime
    code_version: str
    data_hash: str
    simulated: bool = Field(False, description="Learnt from simulated trips and weather.")
    features: tuple[str, ...]
    model: Artifact = Field(description="ONNX, float32 [n, n_features] to float32 [n, 1] trips per hour.")
    golden: Artifact = Field(description="JSON of feature rows and the predictions they must give.")
    profile: Artifact = Field(description="Seasonal-naive profile that answers when no model can.")
    reference: Artifact = Field(description="Parquet of the training window, scored, for the monitor.")
    level: LevelState
    interval: IntervalCalibration
    holdout: Scores
    baselines: dict[str, Scores]
    previous: Previous | None = None
    decision_key: str

"""What the steps of one execution hand to each other: small, checked, no secrets.

Files are handed over by key and hash: whoever reads one checks that it is what the step before wrote.
"""

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

from bikecast.errors import DataError
from bikecast.registry.manifest import Artifact, Identity
from bikecast.requests import RetrainRequest


class _Handover(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Prepared(_Handover):
    """The training set of this execution.

    ``start`` and ``end`` are its first and last day, ``holdout_start`` the first day of the holdout, where
    rows have a time; ``split`` says in words which rows are which.
    """

    training_set_key: str
    data_hash: str
    simulated: bool = False
    n_rows: int
    split: str = ""
    start: dt.date | None = None
    end: dt.date | None = None
    holdout_start: dt.date | None = None
    tables: dict[str, Artifact] = Field(
        default_factory=dict, description="What the use case froze beside it, in the data bucket, by name."
    )

    def days(self) -> tuple[dt.date, dt.date, dt.date]:
        """Return the first day, the first of the holdout and the last.

        Raises:
            DataError: Rows have no time.
        """
        if self.start is None or self.holdout_start is None or self.end is None:
            raise DataError("the training set was frozen without days: its rows have no time")
        return self.start, self.holdout_start, self.end


class Trained(_Handover):
    """The challenger, as files in the artifacts bucket."""

    run_id: str
    graph: Artifact = Field(description="The ONNX graph that will serve if it is promoted.")
    calibration: Artifact = Field(description="What is done after the model, as JSON.")
    out_of_sample: Artifact | None = Field(None, description="Predictions of training rows, made unseen.")
    more: dict[str, Artifact] = Field(
        default_factory=dict, description="Files of further models of the use case, by name."
    )
    importance: dict[str, float] = Field(default_factory=dict)
    parity: dict[str, float | None] = Field(description="How far the graph differs from the fitted model.")
    plots: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    cv_error: float
    n_trials: int
    n_trials_done: int
    n_pruned: int
    n_retried: int


class Evaluated(_Handover):
    """The registered version, the gate's decision, and the champion that it was made against."""

    version: str
    decision: str
    reason: str
    decision_key: str
    manifest: Artifact | None = Field(
        None, description="What would serve, in the serving bucket; absent if it could not be judged."
    )
    champion_version: str | None = None
    champion_run_id: str | None = None
    metric: str | None = Field(None, description="By which it was decided.")
    scores: dict[str, float] = Field(default_factory=dict)
    champion_scores: dict[str, float] = Field(default_factory=dict)
    baseline_scores: dict[str, dict[str, float]] = Field(default_factory=dict)


class Approval(_Handover):
    """A person's word, where it was asked for."""

    decision: str
    by: str = "somebody"
    reason: str = ""


class Job(_Handover):
    """The input of a step: the request, the execution, and what earlier steps handed over."""

    request: RetrainRequest
    execution: str


class TuneJob(Job):
    """Input of ``tune``."""

    prepare: Prepared
    worker: int


class TrainJob(Job):
    """Input of ``train``."""

    prepare: Prepared


class EvaluateJob(TrainJob):
    """Input of ``evaluate``."""

    train: Trained


class PromoteJob(EvaluateJob):
    """Input of ``promote``."""

    evaluate: Evaluated
    approval: Approval | None = None

    @property
    def challenger(self) -> Identity:
        """Name, version and run of what may be promoted."""
        return Identity(
            model_name=self.request.registered_model_name,
            version=self.evaluate.version,
            run_id=self.train.run_id,
        )

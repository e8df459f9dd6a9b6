"""What the steps of one execution hand to each other: small, checked, no secrets."""

import datetime as dt

from pydantic import BaseModel, ConfigDict

from bikecast.requests import RetrainRequest


class _Handover(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Prepared(_Handover):
    """The training set of this execution; ``start`` and ``end`` are its first and last day."""

    training_set_key: str
    data_hash: str
    simulated: bool = False
    n_rows: int
    start: dt.date
    end: dt.date
    holdout_start: dt.date


class Trained(_Handover):
    """The registered version."""

    version: str
    run_id: str


class Evaluated(_Handover):
    """The gate's word, and what the champion was when it spoke: its version and the manifest's tag."""

    decision: str
    reason: str
    decision_key: str
    champion_version: str | None = None
    champion_etag: str | None = None


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

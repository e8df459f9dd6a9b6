"""Step ``prepare`` of declared use cases: freeze the training set, split it, open the study."""

import hashlib
import logging
from collections.abc import Mapping
from typing import Any

import pandas as pd

from bikecast.examples import read_table
from bikecast.names import simulated_marker_key
from bikecast.requests import parse_request
from bikecast.storage import ObjectStore, exists
from bikecast.use_case import UseCase
from training_job.migrations import migrate
from training_job.rows.case import RowCase
from training_job.runtime import training_sets
from training_job.runtime.context import Context
from training_job.runtime.handover import Job, Prepared
from training_job.tuning.search import search_of
from training_job.tuning.study import enqueue_starts, found_by_champion, open_study

logger = logging.getLogger(__name__)


def run(context: Context, use_case: UseCase, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``Prepared``.

    Raises:
        DataError: Nothing is loaded, the table breaks its contract, or a part of the split holds too little.
    """
    job = parse_request(Job, payload)
    migrate(context.database)
    search = search_of(use_case)
    prepared = _freeze(context.data, use_case, job)
    study = open_study(context.database, job.execution, search=search)
    enqueue_starts(study, search, known=found_by_champion(context, search))
    return prepared.model_dump(mode="json")


def _freeze(store: ObjectStore, use_case: UseCase, job: Job) -> Prepared:
    frame = read_table(store, use_case)
    case = RowCase.of(use_case, frame, job.request.split)
    parts, data_hash = case.parts, frame_hash(frame)  # what cannot be split fails here, not in every worker
    case.folds  # noqa: B018 - as above
    key = training_sets.training_set_key(data_hash, use_case=use_case.name)
    if not exists(store, key):
        training_sets.write_frame(store, key, frame)
    logger.info("training set frozen", extra={"key": key, "rows": len(frame), "split": parts.description})
    time = case.everything.time
    return Prepared(
        training_set_key=key,
        data_hash=data_hash,
        simulated=exists(store, simulated_marker_key(use_case.name)),
        n_rows=len(frame),
        split=parts.description,
        start=None if time is None else time[parts.train].min().astype("datetime64[D]").item(),
        end=None if time is None else time[parts.holdout].max().astype("datetime64[D]").item(),
        holdout_start=None if time is None else time[parts.holdout].min().astype("datetime64[D]").item(),
    )


def frame_hash(frame: pd.DataFrame) -> str:
    """Return a hash of the values, whatever file they came in."""
    digest = hashlib.sha256("|".join(frame.columns).encode())
    digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return digest.hexdigest()

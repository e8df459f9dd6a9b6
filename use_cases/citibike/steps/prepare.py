"""Freeze the training set of this execution, split it in time, and open the study."""

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

from bikecast.errors import DataError
from bikecast.evaluation.splits import holdout_start
from bikecast.names import SIMULATED_MARKER_KEY
from bikecast.requests import parse_request
from bikecast.storage import ObjectStore
from training_job.migrations import migrate
from training_job.runtime import training_sets
from training_job.runtime.context import Context
from training_job.runtime.handover import Job, Prepared
from training_job.tuning.study import enqueue_starts, found_by_champion, open_study
from use_cases.citibike.data_coverage import read_coverage
from use_cases.citibike.hourly_weather.learning.handover import freeze
from use_cases.citibike.request import HourlyRequest
from use_cases.citibike.training import dataset
from use_cases.citibike.training.search import SEARCH_FILE, HourlySearch, load_hourly_search

logger = logging.getLogger(__name__)


class HourlyJob(Job):
    """The input of this step."""

    request: HourlyRequest


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``Prepared``.

    Raises:
        DataError: The window lacks hours or weather, or is too short to train, tune and judge on.
    """
    job = parse_request(HourlyJob, payload)
    migrate(context.database)
    search = load_hourly_search(context.search_file or SEARCH_FILE)
    prepared = _freeze(context.data, job, search)
    study = open_study(context.database, job.execution, search=search)
    enqueue_starts(study, search, known=found_by_champion(context, search))
    return prepared.model_dump(mode="json")


def _freeze(store: ObjectStore, job: HourlyJob, search: HourlySearch) -> Prepared:
    frame = dataset.read_hours(store, job.request.start_train_date, _end(store, job.request))
    hours = frame["timestamp"].to_numpy(dtype="datetime64[s]")
    start = holdout_start(hours, test_size=job.request.test_size)
    search.folds(hours[hours < start])  # too short a window fails here, not in every worker
    data_hash = dataset.content_hash(frame)
    key = training_sets.training_set_key(data_hash)
    if not _exists(store, key):
        training_sets.write_frame(store, key, frame)
    logger.info("training set frozen", extra={"key": key, "rows": len(frame)})
    return Prepared(
        training_set_key=key,
        data_hash=data_hash,
        simulated=_exists(store, SIMULATED_MARKER_KEY),
        n_rows=len(frame),
        start=hours.min().astype("datetime64[D]").item(),
        end=hours.max().astype("datetime64[D]").item(),
        holdout_start=start.astype("datetime64[D]").item(),
        tables=freeze(store, job.request.start_train_date, hours.max().astype("datetime64[D]").item()),
    )


def _end(store: ObjectStore, request: HourlyRequest) -> dt.date:
    if request.end_train_date is not None:
        return request.end_train_date
    coverage, start = read_coverage(store), request.start_train_date
    end = coverage.latest_complete_month()
    if end <= start:
        raise DataError(
            f"no month is complete after start_train_date {start}: demand and weather reach from {coverage}; "
            f"name a window inside (`bikecast train --start {coverage.first} --end {end}`)"
        )
    return end


def _exists(store: ObjectStore, key: str) -> bool:
    return next(store.keys(key), None) == key

"""Hourly weather through the steps: frozen by ``prepare``, fitted by ``train``, judged by ``evaluate``."""

import datetime as dt
import io
import logging

import numpy as np
import pandas as pd

from bikecast.errors import ArtifactError
from bikecast.names import Prefix, challenger_prefix
from bikecast.registry.artifacts import fetch, write_once
from bikecast.registry.manifest import Artifact
from bikecast.storage import ObjectStore
from training_job.runtime.context import Context
from training_job.runtime.handover import Prepared, TrainJob
from training_job.runtime.training_sets import frame_bytes
from use_cases.citibike.hourly_weather.features import HourlyRows
from use_cases.citibike.hourly_weather.learning.fitting import HourlyFit, calibrated, out_of_fold
from use_cases.citibike.hourly_weather.rows import lead_rows
from use_cases.citibike.hourly_weather.table import HourlyWeather, read_hourly_weather
from use_cases.citibike.model.backtest import FEWEST_TRIPS, Sample
from use_cases.citibike.model.forecaster import TOLERANCE, OnnxModel, worst_difference
from use_cases.citibike.training.search import HourlySearch

logger = logging.getLogger(__name__)

TABLE, GRAPH, CALIBRATION = "hourly_weather", "hourly_graph", "hourly_calibration"
FEWEST_SHARE = 0.9  # of the training hours that must have observed weather
_PARITY_ROWS = 2000


def freeze(store: ObjectStore, start: dt.date, end: dt.date) -> dict[str, Artifact]:
    """Freeze the hourly weather of a period by name; nothing where there is none."""
    weather = read_hourly_weather(store, start, end)
    if weather is None:
        return {}
    body = frame_bytes(pd.concat([weather.observed, weather.forecasts], ignore_index=True))
    return {TABLE: write_once(store, Prefix.TRAINING_SETS, "hourly-weather.parquet", body)}


def frozen_rows(store: ObjectStore, prepared: Prepared, sample: Sample) -> HourlyRows | None:
    """Return the rows of a sample's hours by lead; None without hourly weather for most of them.

    Raises:
        ArtifactError: The frozen table is not what ``prepare`` wrote.
    """
    artifact = prepared.tables.get(TABLE)
    if artifact is None:
        return None
    frame = pd.read_parquet(io.BytesIO(fetch(store, artifact)))
    is_forecast = frame["issued_at"].notna()
    rows = lead_rows(sample, HourlyWeather(frame[~is_forecast], frame[is_forecast]))
    share = np.unique(rows.place).size / sample.hours.size
    if share < FEWEST_SHARE:
        logger.warning("too little hourly weather to learn from", extra={"share_of_hours": round(share, 3)})
        return None
    return rows


def train_hourly(
    context: Context, job: TrainJob, sample: Sample, *, search: HourlySearch
) -> dict[str, Artifact]:
    """Fit, calibrate and hand over the model of hourly weather; nothing where there is none.

    Raises:
        ArtifactError: Its graph differs from the fitted model.
    """
    rows = frozen_rows(context.data, job.prepare, sample)
    if rows is None:
        return {}
    fit = HourlyFit(search.hourly, seed=job.request.random_state)
    predicted = out_of_fold(sample, rows, fit, search.calibration.folds_of(sample.hours))
    rolling = out_of_fold(sample, rows, fit, search.folds(sample.hours))
    state = search.level.hourly_state()
    calibration = calibrated(sample, rows, out_of_fold=predicted, rolling=rolling, state=state)
    fitted = fit(sample, rows)
    graph: bytes = fitted.to_onnx().SerializeToString()
    some = rows.features[np.linspace(0, len(rows.features) - 1, _PARITY_ROWS).astype(int)]
    worst = worst_difference(OnnxModel(graph).predict(some), np.maximum(fitted.predict(some), FEWEST_TRIPS))
    if not worst <= TOLERANCE:
        raise ArtifactError(f"the hourly graph differs from the fitted model by {worst:.2%}")
    prefix = challenger_prefix(job.execution)
    text = calibration.model_dump_json(indent=1).encode()
    return {
        GRAPH: write_once(context.artifacts, prefix, "hourly.onnx", graph),
        CALIBRATION: write_once(context.artifacts, prefix, "hourly-calibration.json", text),
    }

"""The files of one version in the serving bucket: graph, golden rows, seasonal profile, reference."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bikecast.arrays import Matrix
from bikecast.families import Fitted
from bikecast.registry.artifacts import write_once
from bikecast.registry.manifest import Artifact
from bikecast.storage import ObjectStore
from training_job.runtime.training_sets import frame_bytes
from use_cases.citibike import calendar
from use_cases.citibike.features import FEATURE_NAMES, OPTIONAL_WEATHER, REQUIRED_WEATHER
from use_cases.citibike.model.backtest import FEWEST_TRIPS, Sample
from use_cases.citibike.model.climatology import Climatology
from use_cases.citibike.model.forecaster import TOLERANCE, OnnxModel, Profile, golden_json, worst_difference
from use_cases.citibike.model.task import HIDDEN_COLUMNS

PARITY_ROWS = 2000
ALL_WEATHER, REQUIRED_ONLY = "all_weather", "required_weather"
GOLDEN_ROWS = 48
PROFILE_DAYS = 28


@dataclass(frozen=True)
class Bundle:
    """What a version publishes beside its manifest."""

    model: Artifact
    golden: Artifact
    profile: Artifact
    reference: Artifact


def export(fitted: Fitted) -> bytes:
    """Return the serving graph of a fitted model."""
    body: bytes = fitted.to_onnx().SerializeToString()
    return body


def measure_parity(fitted: Fitted, served: OnnxModel, features: Matrix) -> dict[str, float | None]:
    """Compare the fitted model with the graph that serves, with and without optional weather.

    Returns:
        The largest differences, as shares of the prediction (of a hundredth of the mean, for quieter
        hours), None where one is not a number; the tolerance, and on how many rows.
    """
    rows = features[np.linspace(0, len(features) - 1, min(PARITY_ROWS, len(features))).astype(int)]
    bare = rows.copy()
    bare[:, HIDDEN_COLUMNS] = np.nan
    worst = {
        name: worst_difference(served.predict(each), np.maximum(fitted.predict(each), FEWEST_TRIPS))
        for name, each in ((ALL_WEATHER, rows), (REQUIRED_ONLY, bare))
    }
    finite = {name: value if np.isfinite(value) else None for name, value in worst.items()}
    return {**finite, "tolerance": TOLERANCE, "n_rows": float(len(rows))}


def publish_bundle(
    store: ObjectStore,
    prefix: str,
    *,
    graph: bytes,
    features: Matrix,
    profile: Profile,
    reference: pd.DataFrame,
) -> Bundle:
    """Write the files; golden rows are spread over ``features``, every second one lacks optional weather."""
    golden = golden_features(features)
    answers = golden_json(golden, OnnxModel(graph).predict(golden))
    return Bundle(
        model=write_once(store, prefix, "model.onnx", graph),
        golden=write_once(store, prefix, "golden.json", answers),
        profile=write_once(store, prefix, "profile.json", profile.model_dump_json().encode()),
        reference=write_once(store, prefix, "reference.parquet", frame_bytes(reference)),
    )


def golden_features(features: Matrix) -> Matrix:
    """Return rows that show whether a graph is the right one."""
    chosen = np.linspace(0, len(features) - 1, min(GOLDEN_ROWS, len(features))).astype(int)
    rows: Matrix = features[chosen].copy()
    rows[1::2, HIDDEN_COLUMNS] = np.nan
    return rows


def make_profile(sample: Sample) -> Profile:
    """Return demand by hour of the week over the last four weeks, with the smallest and largest seen."""
    start = sample.hours.max() - np.timedelta64(PROFILE_DAYS, "D")
    recent = sample.take(sample.hours > start)
    slots = calendar.day_of_week(recent.hours) * 24 + calendar.hour_of_day(recent.hours)
    seen = [recent.actual[slots == slot] for slot in range(168)]
    overall = float(recent.actual.mean())
    rows = [values if values.size else np.asarray([overall]) for values in seen]
    return Profile(
        start=_day(recent.hours.min()),
        end=_day(recent.hours.max()),
        values=[float(row.mean()) for row in rows],
        low=[float(row.min()) for row in rows],
        high=[float(row.max()) for row in rows],
        climatology=_climatology(sample),
    )


def _climatology(sample: Sample) -> Climatology:
    """Return the typical weather of the season, for days ahead that nobody forecasts."""
    _, first_hours = np.unique(sample.hours.astype("datetime64[D]"), return_index=True)
    columns = {
        name: sample.features[first_hours, FEATURE_NAMES.index(name)].astype(np.float64)
        for name in (*REQUIRED_WEATHER, *OPTIONAL_WEATHER)
    }
    return Climatology.fitted(sample.hours[first_hours], columns)


def _day(hour: np.datetime64) -> dt.date:
    day: dt.date = hour.astype("datetime64[D]").item()
    return day

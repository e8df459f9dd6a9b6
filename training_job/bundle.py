"""The files of one version in the serving bucket: graph, golden rows, plan B, reference, manifest."""

import datetime as dt
import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bikecast import calendar
from bikecast.arrays import Matrix
from bikecast.backtest import FEWEST_TRIPS, Sample
from bikecast.citibike_model import HIDDEN_COLUMNS
from bikecast.climatology import Climatology
from bikecast.errors import ArtifactError
from bikecast.families import Fitted
from bikecast.features import FEATURE_NAMES, OPTIONAL_WEATHER, REQUIRED_WEATHER
from bikecast.forecaster import TOLERANCE, OnnxModel, Profile, golden_json, worst_difference
from bikecast.manifest import Artifact
from bikecast.names import model_prefix
from bikecast.storage import ObjectStore
from training_job.dataset import frame_bytes

PARITY = TOLERANCE  # what the predictor asks of the golden rows when it loads them
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


def check_parity(fitted: Fitted, served: OnnxModel, features: Matrix) -> dict[str, float]:
    """Compare the registered model with the graph that serves, with and without optional weather.

    Returns:
        The largest differences, as shares of the prediction (of a hundredth of the mean, for quieter
        hours), and the tolerance.
    Raises:
        ArtifactError: They differ by more than the tolerance.
    """
    bare = features.copy()
    bare[:, HIDDEN_COLUMNS] = np.nan
    worst = {
        name: worst_difference(served.predict(rows), np.maximum(fitted.predict(rows), FEWEST_TRIPS))
        for name, rows in (("all_weather", features), ("required_weather", bare))
    }
    if not max(worst.values()) <= PARITY:
        raise ArtifactError(
            f"the serving graph differs from the registered model by {worst}; {PARITY} is allowed"
        )
    return {**worst, "tolerance": PARITY, "n_rows": float(len(features))}


def publish_bundle(
    store: ObjectStore,
    version: str,
    *,
    graph: bytes,
    features: Matrix,
    profile: Profile,
    reference: pd.DataFrame,
) -> Bundle:
    """Write the files; golden rows are spread over ``features``, every second one lacks optional weather."""
    golden = golden_features(features)
    prefix = model_prefix(version)
    return Bundle(
        model=_put(store, f"{prefix}model.onnx", graph),
        golden=_put(store, f"{prefix}golden.json", golden_json(golden, OnnxModel(graph).predict(golden))),
        profile=_put(store, f"{prefix}profile.json", profile.model_dump_json().encode()),
        reference=_put(store, f"{prefix}reference.parquet", frame_bytes(reference)),
    )


def golden_features(features: Matrix) -> Matrix:
    """Return rows that show whether a graph is the right one."""
    chosen = np.linspace(0, len(features) - 1, min(GOLDEN_ROWS, len(features))).astype(int)
    rows: Matrix = features[chosen].copy()
    rows[1::2, HIDDEN_COLUMNS] = np.nan
    return rows


def _put(store: ObjectStore, key: str, body: bytes) -> Artifact:
    store.write(key, body)
    return Artifact(key=key, sha256=hashlib.sha256(body).hexdigest(), size_bytes=len(body))


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

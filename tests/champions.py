"""A small champion with everything it publishes, trained in seconds on given tables."""

import datetime as dt
import hashlib
import io

import numpy as np
import pandas as pd

from bikecast.arrays import Array, Matrix
from bikecast.evaluation.scores import Scores
from bikecast.families.trees.boosted_trees import SQUARED_ERROR
from bikecast.names import CHAMPION_KEY, MODEL_NAME, MODELS_PREFIX
from bikecast.registry.manifest import Artifact, ChampionManifest
from bikecast.storage import ObjectStore
from use_cases.citibike.features import FEATURE_NAMES, OPTIONAL_WEATHER, REQUIRED_WEATHER, build_features
from use_cases.citibike.model import intervals
from use_cases.citibike.model.forecaster import OnnxModel, golden_json
from use_cases.citibike.model.level import LevelState
from use_cases.citibike.model.task import TASK
from use_cases.citibike.tables.hourly import join_weather

FOLDS = 3
PARAMS = {"n_estimators": 80, "learning_rate": 0.15, "max_depth": 6}


def publish_champion(
    store: ObjectStore, hourly: pd.DataFrame, weather: pd.DataFrame, *, version: str = "1"
) -> ChampionManifest:
    """Train on the tables; write model, reference and manifest to the serving bucket as older code did."""
    frame = join_weather(hourly, weather)
    hours = frame["timestamp"].to_numpy(dtype="datetime64[s]")
    names = [name for name in (*REQUIRED_WEATHER, *OPTIONAL_WEATHER) if name in frame]
    features = build_features(hours, {name: frame[name].to_numpy(np.float64) for name in names})
    actual = frame["trips"].to_numpy(np.float64)
    unseen = _out_of_fold(hours, features, actual)
    level = LevelState().updated(hours, actual, unseen)
    frame["prediction"] = unseen * level.factors(hours)
    interval = intervals.calibrate(features, actual, frame["prediction"].to_numpy())
    frame["low"], frame["high"] = interval.bounds(features, frame["prediction"].to_numpy())
    model = SQUARED_ERROR.fit(features, actual, task=TASK, params=PARAMS, seed=1)
    graph = model.to_onnx().SerializeToString()
    golden = OnnxModel(graph).predict(features[:50])
    files = {
        "model": graph,
        "golden": golden_json(features[:50], golden),
        "profile": b"{}",
        "reference": _parquet(frame[["timestamp", "trips", "prediction", "low", "high", *names]]),
    }
    stored = {name: _put(store, f"{MODELS_PREFIX}{version}/{name}", body) for name, body in files.items()}
    manifest = ChampionManifest(
        model_name=MODEL_NAME,
        version=version,
        run_id="test",
        published_at=dt.datetime(2025, 1, 2, tzinfo=dt.UTC),
        code_version="test",
        data_hash="test",
        features=FEATURE_NAMES,
        level=level.model_dump(mode="json"),
        interval=interval.model_dump(mode="json"),
        holdout=_scores(frame),
        baselines={},
        decision_key="decisions/test.json",
        **stored,
    )
    store.write(CHAMPION_KEY, manifest.model_dump_json().encode())
    return manifest


def _out_of_fold(hours: np.ndarray, features: Matrix, actual: Array) -> Array:
    week = (hours - hours[0]) // np.timedelta64(7, "D")
    unseen = np.empty(len(actual))
    for fold in range(FOLDS):
        held = week % FOLDS == fold
        model = SQUARED_ERROR.fit(features[~held], actual[~held], task=TASK, params=PARAMS, seed=1)
        unseen[held] = np.maximum(model.predict(features[held]), 1.0)
    return unseen


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _put(store: ObjectStore, key: str, body: bytes) -> Artifact:
    store.write(key, body)
    return Artifact(key=key, sha256=hashlib.sha256(body).hexdigest(), size_bytes=len(body))


def _scores(frame: pd.DataFrame) -> Scores:
    error = (frame["prediction"] - frame["trips"]).to_numpy()
    actual = frame["trips"].to_numpy()
    return Scores(
        n_rows=len(frame),
        start=frame["timestamp"].iloc[0].to_pydatetime(),
        end=frame["timestamp"].iloc[-1].to_pydatetime(),
        values={
            "rmse": float(np.sqrt(np.mean(error**2))),
            "mae": float(np.abs(error).mean()),
            "wape": float(np.abs(error).sum() / actual.sum()),
            "r2": float(1 - np.sum(error**2) / np.sum((actual - actual.mean()) ** 2)),
            "bias": float(error.sum() / actual.sum()),
        },
    )

"""One model for every server: trained on made-up demand, published as champion, saved for the rivals."""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bikecast.evaluation.scores import Scores
from bikecast.families import family
from bikecast.names import CHAMPION_KEY, MODEL_NAME, model_prefix
from bikecast.registry.manifest import Artifact, ChampionManifest
from bikecast.storage import FolderStore, ObjectStore
from use_cases.citibike.features import FEATURE_NAMES, build_features
from use_cases.citibike.model.forecaster import OnnxModel, Profile, golden_json
from use_cases.citibike.model.intervals import calibrate
from use_cases.citibike.model.level import LevelState
from use_cases.citibike.model.task import TASK

N_TREES = 600
MAX_DEPTH = 6
VERSION = "1"
HOURS = np.arange("2024-01-01", "2025-01-01", dtype="datetime64[h]")


@dataclass(frozen=True)
class Model:
    """Where the servers find it, and the rows that all of them are asked."""

    bucket: Path
    graph: Path
    booster: Path
    rows: list[dict[str, float]]


def make_model(folder: Path) -> Model:
    """Train, publish and save the model."""
    rng = np.random.default_rng(7)
    season = 55 - 25 * np.cos(2 * np.pi * np.arange(HOURS.size) / HOURS.size)
    weather = {"TMAX": season + 8, "TMIN": season - 8, "SNOW": np.zeros(HOURS.size)}
    weather |= {"PRCP": np.where(rng.random(HOURS.size) < 0.3, 0.2, 0.0)}
    # Whole rows, because MLflow's server reads a column of nulls as text and refuses it.
    weather |= {"AWND": np.full(HOURS.size, 6.0), "SNWD": np.zeros(HOURS.size)}
    features = build_features(HOURS, weather)
    rush = 2000 + 1500 * np.sin((HOURS.astype(np.int64) % 24) / 24 * 2 * np.pi - 2)
    trips = np.maximum(rush + 20 * season + rng.normal(0, 200, HOURS.size), 10.0)
    params = {"n_estimators": N_TREES, "max_depth": MAX_DEPTH}
    fitted: Any = family("xgboost").fit(features, trips, task=TASK, params=params, seed=7)
    fitted.booster.feature_names = list(FEATURE_NAMES)
    booster = folder / "model.ubj"
    fitted.booster.save_model(booster)
    store = FolderStore(folder / "bucket")
    graph = _publish(store, fitted.to_onnx().SerializeToString(), features, trips)
    asked = rng.choice(HOURS.size, 100, replace=False)
    rows = [dict(zip(FEATURE_NAMES, map(float, features[row]), strict=True)) for row in asked]
    return Model(
        store.root, store.root / graph.key, booster, json.loads(json.dumps(rows).replace("NaN", "null"))
    )


def _publish(store: ObjectStore, graph: bytes, features: np.ndarray, trips: np.ndarray) -> Artifact:
    prefix = model_prefix(MODEL_NAME, VERSION, "benchmark")
    predicted = OnnxModel(graph).predict(features)
    slots = [float(value) for value in np.resize(trips, 168)]
    day = dt.date(2024, 1, 1)
    profile = Profile(start=day, end=day, values=slots, low=slots, high=slots)
    nothing = Scores(
        n_rows=1,
        start=HOURS[0].item(),
        end=HOURS[1].item(),
        values={"rmse": 0, "mae": 0, "wape": 0, "r2": 0, "bias": 0},
    )
    manifest = ChampionManifest(
        model_name=MODEL_NAME,
        version=VERSION,
        run_id="benchmark",
        published_at=dt.datetime.now(dt.UTC),
        code_version="benchmark",
        data_hash="made-up",
        features=FEATURE_NAMES,
        model=_put(store, f"{prefix}model.onnx", graph),
        golden=_put(store, f"{prefix}golden.json", golden_json(features[:48], predicted[:48])),
        profile=_put(store, f"{prefix}profile.json", profile.model_dump_json().encode()),
        reference=_put(store, f"{prefix}reference.parquet", b"none"),
        level=LevelState().updated(HOURS, trips, predicted).model_dump(mode="json"),
        interval=calibrate(features, trips, predicted).model_dump(mode="json"),
        holdout=nothing,
        baselines={},
        decision_key="none",
    )
    store.write(CHAMPION_KEY, manifest.model_dump_json().encode())
    return manifest.model


def _put(store: ObjectStore, key: str, body: bytes) -> Artifact:
    store.write(key, body)
    return Artifact(key=key, sha256=hashlib.sha256(body).hexdigest(), size_bytes=len(body))

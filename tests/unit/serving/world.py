"""A small serving bucket: real graphs that answer ``scale`` times TMAX, with all that the manifest names."""

import datetime as dt
import hashlib
from functools import cache

import numpy as np
from onnx import TensorProto, helper

from bikecast.evaluation.scores import Scores
from bikecast.names import CHAMPION_KEY, MODEL_NAME, model_prefix
from bikecast.registry.champion_store import ChampionStore
from bikecast.registry.manifest import Artifact, ChampionManifest, Change, ChangeAction
from bikecast.storage import ObjectStore
from use_cases.citibike.features import FEATURE_NAMES, build_features
from use_cases.citibike.model.climatology import Climatology
from use_cases.citibike.model.forecaster import OnnxModel, Profile, golden_json
from use_cases.citibike.model.intervals import IntervalCalibration, calibrate
from use_cases.citibike.model.level import LevelState

PUBLISHED = dt.datetime(2024, 7, 1, tzinfo=dt.UTC)
HOURS = np.arange("2024-05-01", "2024-07-01", dtype="datetime64[h]")
WEATHER = {
    "TMAX": 50.0 + HOURS.astype(np.int64) % 7,
    "TMIN": np.full(HOURS.shape, 40.0),
    "SNOW": np.zeros(HOURS.shape),
}
NAIVE_TRIPS = 7.0
CLIMATE_TMAX = 60.0


@cache
def graph(scale: float) -> bytes:
    """Trips are ``scale`` times TMAX."""
    column = helper.make_tensor("column", TensorProto.INT64, [1], [FEATURE_NAMES.index("TMAX")])
    factor = helper.make_tensor("factor", TensorProto.FLOAT, [], [scale])
    nodes = [
        helper.make_node("Gather", ["features", "column"], ["picked"], axis=1),
        helper.make_node("Mul", ["picked", "factor"], ["trips"]),
    ]
    inputs = [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, len(FEATURE_NAMES)])]
    outputs = [helper.make_tensor_value_info("trips", TensorProto.FLOAT, [None, 1])]
    model = helper.make_model(
        helper.make_graph(nodes, "scaled", inputs, outputs, [column, factor]),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
    )
    body: bytes = model.SerializeToString()
    return body


@cache
def _features() -> np.ndarray:
    return build_features(HOURS, WEATHER)


@cache
def interval() -> IntervalCalibration:
    """How far actual trips lie from the models of these tests."""
    predicted = OnnxModel(graph(1.0)).predict(_features())
    return calibrate(_features(), predicted * np.where(np.arange(HOURS.size) % 2, 1.1, 0.9), predicted)


def put(store: ObjectStore, key: str, body: bytes) -> Artifact:
    """Write an artifact and describe it."""
    store.write(key, body)
    return Artifact(key=key, sha256=hashlib.sha256(body).hexdigest(), size_bytes=len(body))


def profile() -> Profile:
    """Seven trips in every hour, and 60 F every day."""
    days = HOURS[::24]
    columns = {"TMAX": CLIMATE_TMAX, "TMIN": 50.0, "SNOW": 0.0}
    weather = {name: np.full(days.shape, value) for name, value in columns.items()}
    return Profile(
        start=dt.date(2024, 5, 1),
        end=dt.date(2024, 6, 30),
        values=[NAIVE_TRIPS] * 168,
        low=[NAIVE_TRIPS - 1] * 168,
        high=[NAIVE_TRIPS + 1] * 168,
        climatology=Climatology.fitted(days, weather),
    )


def published(store: ObjectStore, version: str, *, scale: float, simulated: bool = False) -> ChampionManifest:
    """Publish the files of a model whose predictions are ``scale`` times TMAX; nothing serves it yet."""
    folder = model_prefix(MODEL_NAME, version, f"run-{version}")
    predictions = OnnxModel(graph(scale)).predict(_features()[:24])
    scores = Scores(
        n_rows=24,
        start=HOURS[0].item(),
        end=HOURS[23].item(),
        values={"rmse": 1, "mae": 1, "wape": 0.1, "r2": 0.9, "bias": 0},
    )
    return ChampionManifest(
        model_name=MODEL_NAME,
        version=version,
        run_id=f"run-{version}",
        published_at=PUBLISHED,
        code_version="test",
        data_hash="d" * 8,
        simulated=simulated,
        features=FEATURE_NAMES,
        model=put(store, f"{folder}model.onnx", graph(scale)),
        golden=put(store, f"{folder}golden.json", golden_json(_features()[:24], predictions)),
        profile=put(store, f"{folder}profile.json", profile().model_dump_json().encode()),
        reference=put(store, f"{folder}reference.parquet", b"rows"),
        level=LevelState().model_dump(mode="json"),
        interval=interval().model_dump(mode="json"),
        holdout=scores,
        baselines={"mean_of_four_weeks": scores},
        decision_key="decisions/x.json",
    )


def publish(store: ObjectStore, version: str, *, scale: float, simulated: bool = False) -> ChampionManifest:
    """Publish a model and promote it, whatever served before."""
    manifest = published(store, version, scale=scale, simulated=simulated)
    return promote(store, manifest)


def promote(store: ObjectStore, manifest: ChampionManifest) -> ChampionManifest:
    """Make a published version champion, as the promotion step does at its end."""
    champions = ChampionStore(store)
    return champions.publish(manifest, change(ChangeAction.PROMOTED), replacing=champions.look())


def retire(store: ObjectStore) -> None:
    """Retire the champion."""
    champions = ChampionStore(store)
    champions.retire(change(ChangeAction.RETIRED), replacing=champions.look())


def change(action: ChangeAction) -> Change:
    """A change of the champion, made by a test."""
    return Change(action=action, at=PUBLISHED, execution="test", reason="a test")


def crown(store: ObjectStore, manifest: ChampionManifest) -> None:
    """Put a manifest in the champion's place by hand."""
    store.write(CHAMPION_KEY, manifest.model_dump_json().encode())

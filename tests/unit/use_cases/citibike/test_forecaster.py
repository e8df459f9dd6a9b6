import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from bikecast.errors import ArtifactError
from bikecast.evaluation.scores import Scores
from bikecast.registry.manifest import Artifact, ChampionManifest
from bikecast.storage import FolderStore
from use_cases.citibike.features import FEATURE_NAMES, build_features
from use_cases.citibike.model import forecaster as served
from use_cases.citibike.model.intervals import calibrate
from use_cases.citibike.model.level import LevelState

HOURS = np.arange("2024-05-01", "2024-07-01", dtype="datetime64[h]")
WEATHER = {
    "TMAX": 50.0 + HOURS.astype(np.int64) % 7,
    "TMIN": np.full(HOURS.shape, 40.0),
    "SNOW": np.zeros(HOURS.shape),
}


def _graph(scale: float) -> bytes:
    """Trips are ``scale`` times TMAX."""
    column = helper.make_tensor("column", TensorProto.INT64, [1], [FEATURE_NAMES.index("TMAX")])
    factor = helper.make_tensor("factor", TensorProto.FLOAT, [], [scale])
    nodes = [
        helper.make_node("Gather", ["features", "column"], ["picked"], axis=1),
        helper.make_node("Mul", ["picked", "factor"], ["trips"]),
    ]
    inputs = [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, len(FEATURE_NAMES)])]
    outputs = [helper.make_tensor_value_info("trips", TensorProto.FLOAT, [None, 1])]
    graph = helper.make_graph(nodes, "scaled", inputs, outputs, [column, factor])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    body: bytes = model.SerializeToString()
    return body


def _publish(store: FolderStore, key: str, body: bytes) -> Artifact:
    store.write(key, body)
    return Artifact(key=key, sha256=hashlib.sha256(body).hexdigest(), size_bytes=len(body))


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


@pytest.fixture
def manifest(store: FolderStore) -> ChampionManifest:
    features = build_features(HOURS, WEATHER)
    predictions = served.OnnxModel(_graph(2.0)).predict(features)
    profile = served.Profile(
        start=HOURS[0].astype("datetime64[D]").item(),
        end=HOURS[-1].astype("datetime64[D]").item(),
        values=list(range(168)),
        low=[0.0] * 168,
        high=[500.0] * 168,
    )
    return ChampionManifest(
        model_name="m",
        version="1",
        run_id="r",
        published_at="2024-07-01T00:00:00+00:00",
        code_version="c",
        data_hash="d",
        features=FEATURE_NAMES,
        model=_publish(store, "model.onnx", _graph(2.0)),
        golden=_publish(store, "golden.json", served.golden_json(features[:24], predictions[:24])),
        profile=_publish(store, "profile.json", profile.model_dump_json().encode()),
        reference=_publish(store, "reference.parquet", b"rows"),
        level=LevelState(prior_days=0).updated(HOURS, predictions * 1.5, predictions).model_dump(mode="json"),
        interval=calibrate(features, predictions * 1.1, predictions).model_dump(mode="json"),
        holdout=Scores(
            n_rows=1,
            start=HOURS[0].item(),
            end=HOURS[1].item(),
            values={"rmse": 1, "mae": 1, "wape": 1, "r2": 1, "bias": 0},
        ),
        baselines={},
        decision_key="decisions/1.json",
    )


def test_forecast_is_model_times_level_with_its_interval(
    store: FolderStore, manifest: ChampionManifest
) -> None:
    forecast = served.Forecaster.load(store, manifest).predict(HOURS[-24:], _weather_of(HOURS[-24:]))
    np.testing.assert_allclose(forecast.values, 2 * _weather_of(HOURS[-24:])["TMAX"] * 1.5, rtol=1e-6)
    np.testing.assert_allclose(forecast.high, forecast.values * 1.1, rtol=1e-6)


def test_level_uses_nothing_after_now(store: FolderStore, manifest: ChampionManifest) -> None:
    forecaster = served.Forecaster.load(store, manifest)
    start = HOURS[0].astype("datetime64[s]").item()
    forecast = forecaster.predict(HOURS[-24:], _weather_of(HOURS[-24:]), now=start)
    np.testing.assert_allclose(forecast.values, 2 * _weather_of(HOURS[-24:])["TMAX"], rtol=1e-6)


def _weather_of(hours: np.ndarray) -> dict[str, np.ndarray]:
    inside = np.isin(HOURS, hours)
    return {name: values[inside] for name, values in WEATHER.items()}


def test_ready_features_take_the_latest_level(store: FolderStore, manifest: ChampionManifest) -> None:
    forecaster = served.Forecaster.load(store, manifest)
    assert forecaster.latest_factor() == pytest.approx(1.5)
    features = build_features(HOURS[:3], {name: values[:3] for name, values in WEATHER.items()})
    np.testing.assert_allclose(forecaster.predict_features(features).values, features[:, 14] * 3, rtol=1e-6)


def test_a_missing_model_is_named(store: FolderStore, manifest: ChampionManifest) -> None:
    store.delete("model.onnx")
    with pytest.raises(ArtifactError, match=r"model\.onnx is missing"):
        served.Forecaster.load(store, manifest)


def test_damaged_bytes_are_refused(store: FolderStore, manifest: ChampionManifest) -> None:
    store.write("model.onnx", store.read("model.onnx").body[:-1] + b"x")
    with pytest.raises(ArtifactError, match="not the file"):
        served.Forecaster.load(store, manifest)


def test_another_model_under_a_right_hash_fails_its_golden_rows(
    store: FolderStore, manifest: ChampionManifest
) -> None:
    other = manifest.model_copy(update={"model": _publish(store, "model.onnx", _graph(2.001))})
    with pytest.raises(ArtifactError, match="golden predictions differ"):
        served.Forecaster.load(store, other)


def test_bytes_that_are_no_graph_are_refused(store: FolderStore, manifest: ChampionManifest) -> None:
    other = manifest.model_copy(update={"model": _publish(store, "model.onnx", b"not a graph")})
    with pytest.raises(ArtifactError, match="not an ONNX graph"):
        served.Forecaster.load(store, other)


def test_a_model_of_other_features_is_refused(store: FolderStore, manifest: ChampionManifest) -> None:
    other = manifest.model_copy(update={"features": (*FEATURE_NAMES[:-1], "MOON")})
    with pytest.raises(ArtifactError, match="MOON"):
        served.Forecaster.load(store, other)


def test_plan_b_repeats_the_week_and_takes_a_great_holiday_as_a_sunday(
    store: FolderStore, manifest: ChampionManifest
) -> None:
    naive = served.SeasonalNaive.load(store, manifest.profile)
    monday_noon, christmas_noon = np.datetime64("2024-05-06T12"), np.datetime64("2024-12-25T12")
    assert naive.predict(np.asarray([monday_noon, christmas_noon])).values.tolist() == [12, 6 * 24 + 12]


def test_graph_is_sound() -> None:
    onnx.checker.check_model(onnx.load_from_string(_graph(1.0)))

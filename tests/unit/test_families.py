"""Every family learns, repeats itself, takes missing weather, pickles, and exports an exact graph."""

import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from onnx import helper

from bikecast.errors import InputError
from bikecast.families import NAMES, Fitted, family, installed
from bikecast.families.blend import Blend
from bikecast.families.contributions import Explained, contributions
from bikecast.families.spare import HIDDEN_COLUMNS, WithSpare, with_hidden_weather
from bikecast.features import FEATURE_NAMES, build_features
from bikecast.forecaster import OnnxModel

HOURS = np.arange("2024-03-01", "2024-06-01", dtype="datetime64[h]")
QUICK = {
    "xgboost": {"n_estimators": 60},
    "xgboost_poisson": {"n_estimators": 60},
    "random_forest": {"n_estimators": 8},
    "extra_trees": {"n_estimators": 8},
    "lightgbm": {"n_estimators": 60},
    "catboost": {"n_estimators": 60},
}
HERE = [name for name in NAMES if installed(name)]


def _sample() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    days = HOURS.size // 24

    def daily(values: np.ndarray) -> np.ndarray:
        return np.repeat(values, 24)

    tmax = daily(55 + 15 * generator.standard_normal(days))
    weather = {
        "TMAX": tmax,
        "TMIN": tmax - daily(5 + 10 * generator.random(days)),
        "SNOW": daily(np.zeros(days)),
        "PRCP": daily(generator.choice([0, 0, 0.2, 1.0], size=days)),
        "AWND": daily(4 + 10 * generator.random(days)),
        "SNWD": daily(np.zeros(days)),
    }
    features = build_features(HOURS, weather)
    clock = 300 + 250 * np.sin((features[:, 0] - 9) / 24 * 2 * np.pi)
    mean = clock * (0.5 + tmax / 100) * (1 - 0.4 * weather["PRCP"]) * (0.7 + 0.3 * features[:, 3])
    return features, generator.poisson(np.maximum(mean, 5)).astype(np.float64)


FEATURES, TRIPS = _sample()
FIRST = np.arange(HOURS.size) // 24 % 4 != 0  # days, not hours, are left out


@pytest.fixture(scope="module", params=HERE)
def fitted(request: pytest.FixtureRequest) -> tuple[str, Fitted]:
    params = QUICK.get(request.param, {})
    return request.param, family(request.param).fit(FEATURES[FIRST], TRIPS[FIRST], params=params, seed=1)


def test_family_beats_the_mean_on_days_it_has_not_seen(fitted: tuple[str, Fitted]) -> None:
    error = fitted[1].predict(FEATURES[~FIRST]) - TRIPS[~FIRST]
    assert np.sqrt(np.mean(error**2)) < 0.7 * TRIPS.std()


def test_same_seed_gives_the_same_model(fitted: tuple[str, Fitted]) -> None:
    name, model = fitted
    again = family(name).fit(FEATURES[FIRST], TRIPS[FIRST], params=QUICK.get(name, {}), seed=1)
    np.testing.assert_array_equal(model.predict(FEATURES), again.predict(FEATURES))


def test_graph_gives_the_same_predictions_with_and_without_optional_weather(
    fitted: tuple[str, Fitted],
) -> None:
    bare = FEATURES.copy()
    bare[:, HIDDEN_COLUMNS] = np.nan
    graph = OnnxModel(fitted[1].to_onnx().SerializeToString())
    for rows in (FEATURES, bare):
        wanted = np.maximum(fitted[1].predict(rows), 1.0)
        np.testing.assert_allclose(graph.predict(rows), wanted, rtol=1e-4)


def test_importance_is_a_share_of_each_feature(fitted: tuple[str, Fitted]) -> None:
    importance = fitted[1].importance()
    assert set(importance) == set(FEATURE_NAMES)
    assert sum(importance.values()) == pytest.approx(1)
    assert min(importance.values()) >= 0


def test_contributions_add_up_to_the_prediction(fitted: tuple[str, Fitted]) -> None:
    name, model = fitted
    for member, values in contributions(model, FEATURES[:200], name=name).items():
        assert member == name
        assert values.shape == (200, len(FEATURE_NAMES))
        predicted = model.predict(FEATURES[:200])
        raw = np.log(predicted) if name == "xgboost_poisson" else predicted
        rest = raw - values.sum(axis=1)  # what is left is the mean, the same for every row
        np.testing.assert_allclose(rest, rest.mean(), rtol=1e-3)


def test_every_booster_tells_its_contributions(fitted: tuple[str, Fitted]) -> None:
    name, model = fitted
    tells = {"xgboost", "xgboost_poisson", "lightgbm", "catboost"}
    assert isinstance(model, Explained) == (name in tells)


def test_a_blend_tells_those_of_the_members_that_can() -> None:
    model = WithSpare(full=_blend(1), spare=_blend(2))
    assert set(contributions(model, FEATURES[:10])) == {"xgboost"}


def test_model_pickles_for_the_registry(fitted: tuple[str, Fitted]) -> None:
    back = pickle.loads(pickle.dumps(fitted[1]))
    np.testing.assert_array_equal(back.predict(FEATURES[:50]), fitted[1].predict(FEATURES[:50]))


def test_unknown_family_is_named() -> None:
    with pytest.raises(InputError, match="prophet"):
        family("prophet")


def _blend(seed: int) -> Blend:
    return Blend(
        {
            name: family(name).fit(FEATURES, TRIPS, params=QUICK.get(name, {}), seed=seed)
            for name in ("xgboost", "glm")
        }
    )


def test_blend_is_the_mean_in_python_and_in_the_graph() -> None:
    blend = _blend(1)
    parts = [np.maximum(member.predict(FEATURES), 1) for member in blend.members.values()]
    np.testing.assert_allclose(blend.predict(FEATURES), np.mean(parts, axis=0))
    graph = OnnxModel(blend.to_onnx().SerializeToString())
    np.testing.assert_allclose(graph.predict(FEATURES), np.maximum(blend.predict(FEATURES), 1), rtol=1e-4)


@dataclass(frozen=True)
class Flat:
    """A member that always says the same."""

    trips: float

    def predict(self, features: np.ndarray) -> np.ndarray:
        return np.full(len(features), self.trips)

    def importance(self) -> dict[str, float]:
        return dict.fromkeys(FEATURE_NAMES, 1 / len(FEATURE_NAMES))

    def to_onnx(self) -> Any:
        from bikecast.families.graphs import INPUT, OUTPUT, model, tensor

        column = helper.make_node("ReduceSum", [INPUT, "columns"], ["sum"], keepdims=1)
        nothing = helper.make_node("Mul", ["sum", "zero"], ["none"])
        add = helper.make_node("Add", ["none", "trips_said"], [OUTPUT])
        constants = [tensor("columns", [1], np.int64), tensor("zero", 0.0), tensor("trips_said", self.trips)]
        return model([column, nothing, add], constants, name="flat")


def test_a_member_below_the_floor_does_not_pull_the_others_down() -> None:
    blend = Blend({"low": Flat(-300.0), "good": Flat(101.0)})
    graph = OnnxModel(blend.to_onnx().SerializeToString())
    np.testing.assert_allclose(blend.predict(FEATURES[:5]), 51.0)
    np.testing.assert_allclose(graph.predict(FEATURES[:5]), 51.0)


def test_spare_answers_exactly_where_optional_weather_is_missing() -> None:
    model = WithSpare(full=_blend(1), spare=_blend(2))
    rows = FEATURES[:96].copy()
    rows[::2, HIDDEN_COLUMNS[0]] = np.nan
    predicted = model.predict(rows)
    np.testing.assert_array_equal(predicted[1::2], model.full.predict(rows[1::2]))
    np.testing.assert_array_equal(predicted[::2], model.spare.predict(rows[::2]))
    graph = OnnxModel(model.to_onnx().SerializeToString())
    np.testing.assert_allclose(graph.predict(rows), np.maximum(predicted, 1), rtol=1e-4)


def test_a_spare_keeps_its_skill_without_rain() -> None:
    """The trap: a tree that never met a missing rain value falls apart; the spare must not."""
    features, trips = with_hidden_weather(FEATURES[FIRST], TRIPS[FIRST], seed=1)
    spare = family("xgboost").fit(features, trips, params={"n_estimators": 150}, seed=1)
    bare = FEATURES[~FIRST].copy()
    bare[:, HIDDEN_COLUMNS] = np.nan
    error = spare.predict(bare) - TRIPS[~FIRST]
    assert np.sqrt(np.mean(error**2)) < 0.7 * TRIPS.std()


def test_weather_is_hidden_by_whole_days_in_the_copy_only() -> None:
    features, trips = with_hidden_weather(FEATURES, TRIPS, seed=1)
    np.testing.assert_array_equal(features[: len(TRIPS)], FEATURES)
    np.testing.assert_array_equal(trips, np.concatenate([TRIPS, TRIPS]))
    hidden: np.ndarray = np.isnan(features[len(TRIPS) :, HIDDEN_COLUMNS]).reshape(-1, 24, len(HIDDEN_COLUMNS))
    np.testing.assert_array_equal(hidden.all(axis=1), hidden.any(axis=1))
    assert 0.4 < np.mean(np.all(hidden, axis=2)[:, 0]) < 0.9

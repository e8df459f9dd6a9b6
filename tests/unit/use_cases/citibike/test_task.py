"""What the families are told about trips: they learn demand, and answer without optional weather."""

import numpy as np
import pytest

from bikecast.families import NAMES, Fitted, family, installed
from bikecast.families.blend import Blend
from bikecast.families.contributions import contributions
from bikecast.families.fallback import WithFallback
from use_cases.citibike.features import build_features
from use_cases.citibike.model.forecaster import OnnxModel
from use_cases.citibike.model.task import (
    HIDDEN_COLUMNS,
    NIGHT_COLUMN,
    NIGHT_REPEATS,
    TASK,
    with_hidden_weather,
    with_repeated_night,
)

HOURS = np.arange("2024-03-01", "2024-06-01", dtype="datetime64[h]")
QUICK = {
    "xgboost": {"n_estimators": 60},
    "xgboost_absolute": {"n_estimators": 60},
    "xgboost_poisson": {"n_estimators": 60},
    "random_forest": {"n_estimators": 8},
    "extra_trees": {"n_estimators": 8},
    "lightgbm": {"n_estimators": 60},
    "catboost": {"n_estimators": 60},
}


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


@pytest.fixture(scope="module", params=NAMES)
def fitted(request: pytest.FixtureRequest) -> tuple[str, Fitted]:
    if not installed(request.param):
        pytest.skip(f"the optional library of {request.param} is not installed")
    params = QUICK.get(request.param, {})
    model = family(request.param).fit(FEATURES[FIRST], TRIPS[FIRST], task=TASK, params=params, seed=1)
    return request.param, model


def test_family_beats_the_mean_on_days_it_has_not_seen(fitted: tuple[str, Fitted]) -> None:
    error = fitted[1].predict(FEATURES[~FIRST]) - TRIPS[~FIRST]
    assert np.sqrt(np.mean(error**2)) < 0.7 * TRIPS.std()


def test_graph_gives_the_same_predictions_with_and_without_optional_weather(
    fitted: tuple[str, Fitted],
) -> None:
    bare = FEATURES.copy()
    bare[:, HIDDEN_COLUMNS] = np.nan
    graph = OnnxModel(fitted[1].to_onnx().SerializeToString())
    for rows in (FEATURES, bare):
        wanted = np.maximum(fitted[1].predict(rows), 1.0)
        np.testing.assert_allclose(graph.predict(rows), wanted, rtol=1e-4)


def _blend(seed: int) -> Blend:
    members = {
        name: family(name).fit(FEATURES, TRIPS, task=TASK, params=QUICK.get(name, {}), seed=seed)
        for name in ("xgboost", "glm")
    }
    return Blend(members, floor=1.0)


def test_a_blend_with_a_fallback_is_served_as_one_graph() -> None:
    model = WithFallback(_blend(1), _blend(2), HIDDEN_COLUMNS)
    rows = FEATURES[:96].copy()
    rows[::2, HIDDEN_COLUMNS[0]] = np.nan
    predicted = model.predict(rows)
    np.testing.assert_array_equal(predicted[1::2], model.full.predict(rows[1::2]))
    np.testing.assert_array_equal(predicted[::2], model.without_optional.predict(rows[::2]))
    graph = OnnxModel(model.to_onnx().SerializeToString())
    np.testing.assert_allclose(graph.predict(rows), np.maximum(predicted, 1), rtol=1e-4)
    assert set(contributions(model, FEATURES[:10])) == {"xgboost"}


def test_a_fallback_keeps_its_skill_without_rain() -> None:
    """The trap: a tree that never met a missing rain value falls apart; the fallback must not."""
    features, trips = with_hidden_weather(FEATURES[FIRST], TRIPS[FIRST], seed=1)
    fallback = family("xgboost").fit(features, trips, task=TASK, params={"n_estimators": 150}, seed=1)
    bare = FEATURES[~FIRST].copy()
    bare[:, HIDDEN_COLUMNS] = np.nan
    error = fallback.predict(bare) - TRIPS[~FIRST]
    assert np.sqrt(np.mean(error**2)) < 0.7 * TRIPS.std()


def test_weather_is_hidden_by_whole_days_in_the_copy_only() -> None:
    features, trips = with_hidden_weather(FEATURES, TRIPS, seed=1)
    np.testing.assert_array_equal(features[: len(TRIPS)], FEATURES)
    np.testing.assert_array_equal(trips, np.concatenate([TRIPS, TRIPS]))
    hidden: np.ndarray = np.isnan(features[len(TRIPS) :, HIDDEN_COLUMNS]).reshape(-1, 24, len(HIDDEN_COLUMNS))
    np.testing.assert_array_equal(hidden.all(axis=1), hidden.any(axis=1))
    assert 0.4 < np.mean(np.all(hidden, axis=2)[:, 0]) < 0.9


def test_the_hours_of_new_years_night_count_more_often_and_no_others() -> None:
    hours = np.arange("2023-12-30", "2024-01-03", dtype="datetime64[h]").astype("datetime64[s]")
    weather = {name: np.full(hours.size, 40.0) for name in ("TMAX", "TMIN", "SNOW")}
    features, trips = with_repeated_night(
        build_features(hours, weather), np.arange(hours.size).astype(np.float64), column=NIGHT_COLUMN
    )
    often = np.bincount(trips.astype(int))
    assert np.flatnonzero(often > 1).tolist() == list(range(48, 53))
    assert set(often[48:53].tolist()) == {NIGHT_REPEATS}
    assert features.shape[0] == trips.size == hours.size + 5 * (NIGHT_REPEATS - 1)

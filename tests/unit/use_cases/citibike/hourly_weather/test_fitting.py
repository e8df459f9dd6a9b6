"""The model of hourly weather answers alike where the station's day is given, in part, or not at all."""

import numpy as np

from use_cases.citibike.features import FEATURE_NAMES
from use_cases.citibike.hourly_weather.features import (
    OBSERVED,
    POSITION,
    STATION,
    HourlyRows,
    build,
    without_station,
)
from use_cases.citibike.hourly_weather.learning.fitting import HourlyFit
from use_cases.citibike.model.backtest import Sample

DAYS = 60
SMALL = {"n_estimators": 20, "learning_rate": 0.3, "max_depth": 3, "min_child_weight": 1}
FIT = HourlyFit({"xgboost_poisson": SMALL, "glm": {}, "corrected": SMALL}, seed=1)


def rainy() -> tuple[Sample, HourlyRows]:
    """Return two months in which every third day is wet and has half the trips."""
    hours = np.datetime64("2024-05-01", "s") + np.arange(DAYS * 24) * np.timedelta64(3600, "s")
    wet = np.repeat(np.arange(DAYS) % 3 == 0, 24)
    rain = np.where(wet, 0.05, 0.0)
    series = {"temperature": np.full(rain.size, 60.0), "rain": rain, "snowfall": np.zeros(rain.size)}
    series["wind"] = np.full(rain.size, 8.0)
    features = build(hours, series, lead_days=np.full(rain.size, OBSERVED))
    features[:, [POSITION[name] for name in STATION]] = 0
    features[:, POSITION["station_prcp"]] = rain * 24
    noise = np.random.default_rng(1).normal(1, 0.02, rain.size)
    by_day = np.zeros((rain.size, len(FEATURE_NAMES)), dtype=np.float32)
    sample = Sample(hours, by_day, np.where(wet, 100.0, 200.0) * noise)
    return sample, HourlyRows(np.arange(rain.size), features)


def test_hours_whose_station_is_not_known_are_answered_as_well_as_the_others() -> None:
    """A station's mean in place of what it did not say had made of every dry day a wet one."""
    sample, rows = rainy()
    fitted = FIT(sample, rows)
    in_part = rows.features.copy()
    in_part[:, POSITION["station_snwd"]] = np.nan
    for features in (rows.features, in_part, without_station(rows).features):
        assert np.abs(fitted.predict(features) / sample.actual - 1).mean() < 0.05
    assert fitted.predict(in_part).tolist() == fitted.predict(without_station(rows).features).tolist()


def test_a_station_that_is_hardly_ever_known_is_left_out() -> None:
    sample, rows = rainy()
    rows.features[: 24 * 30, POSITION["station_snwd"]] = np.nan
    fitted = FIT(sample, rows)
    assert fitted.predict(rows.features).tolist() == fitted.predict(without_station(rows).features).tolist()

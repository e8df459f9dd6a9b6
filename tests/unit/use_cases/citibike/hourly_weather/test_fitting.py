"""The model of hourly weather learns from the hours, and alike with and without the station's day."""

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


def test_hours_are_answered_alike_whether_their_station_is_known_in_part_or_not() -> None:
    """A station's mean in place of what it did not say had made of every dry day a wet one."""
    sample, rows = rainy()
    fitted = FIT(sample, rows)
    in_part = rows.features.copy()
    in_part[:, POSITION["station_snwd"]] = np.nan
    found = [fitted.predict(each) for each in (rows.features, in_part, without_station(rows).features)]
    assert np.abs(found[0] / sample.actual - 1).mean() < 0.05
    assert found[0].tolist() == found[1].tolist() == found[2].tolist()
